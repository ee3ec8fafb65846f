fw_unit_test(pool core)
set_tests_properties(pool PROPERTIES LABELS wakeup)
