fw_unit_test(pool core)
set_tests_properties(pool PROPERTIES LABELS wakeup)
fw_unit_test(core_chan core)
fw_unit_test(queues core)
fw_unit_test(spares core)
set_tests_properties(queues spares PROPERTIES LABELS wakeup) # repeated a thousand times: their fights are rare
fw_unit_test(sharing core)
set_tests_properties(sharing PROPERTIES LABELS descriptors) # half of it wakes by them; longer, so repeated less often
