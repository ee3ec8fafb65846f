fw_unit_test(wakeup fw_processes fw_threads fw_channels)
set_tests_properties(wakeup PROPERTIES LABELS wakeup)
