# Statistics and plans.
if(CMOCKA_LIBRARY AND TARGET fw_method)
  fw_unit_test(stats fw_method)
  fw_unit_test(plan fw_method)
endif()
