# One look for every chart: gnuplot loads this file, plots/look.py parses it.
# Colours after Wong, "Points of view: color blindness", Nature Methods 2011.
# Each model has a colour, a marker and a dash, so that grey print still tells
# them apart. Keep to one assignment a line.
color_seq = "#000000"
color_processes = "#0072b2"
color_threads = "#d55e00"
color_channels = "#009e73"
color_green = "#cc79a7"
color_stackless = "#e69f00"
color_other = "#555555"
marker_seq = 2
marker_processes = 7
marker_threads = 5
marker_channels = 9
marker_green = 13
marker_stackless = 11
marker_other = 1
dash_seq = "2,2"
dash_processes = "solid"
dash_threads = "9,3"
dash_channels = "9,3,2,3"
dash_green = "4,2"
dash_stackless = "1,2"
dash_other = "12,3,2,3,2,3"
