# What each OS-thread or OS-process model promises. Channels and threads wake each other: repeated a thousand times.
fw_unit_test(channels fw_channels)
fw_unit_test(threads fw_threads)
target_link_options(threads_test PRIVATE LINKER:--wrap=pthread_create) # so that a test can make it fail
fw_unit_test(locks fw_threads)
fw_unit_test(loops fw_threads)
target_link_options(loops_test PRIVATE LINKER:--wrap=pthread_create) # so that a test can make it fail
fw_unit_test(processes fw_processes)
set_tests_properties(channels threads locks loops PROPERTIES LABELS wakeup)
