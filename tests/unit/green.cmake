fw_unit_test(green fw_green)
set_tests_properties(green PROPERTIES LABELS wakeup)
