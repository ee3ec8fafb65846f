fw_unit_test(stackless fw_stackless)
set_tests_properties(stackless PROPERTIES LABELS wakeup)
