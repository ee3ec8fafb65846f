fw_unit_test(pool core)
set_tests_properties(pool PROPERTIES LABELS wakeup)
fw_unit_test(core_chan core)
fw_unit_test(queues core)
set_tests_properties(queues PROPERTIES LABELS wakeup) # repeated a thousand times: its fights are rare
fw_unit_test(spares core)
