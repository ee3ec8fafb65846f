# Chart 1: the latency percentile curve, drawn straight from .hgrm files.
# To draw one again by hand, see the .gp file beside the chart: it sets curves, names and
# output, then loads this file. x is 1/(1-percentile), so that every nine is as wide as the last.
set logscale x 10
set logscale y 10
set xrange [1:xmax]
set xtics ("50%%" 2, "90%%" 10, "99%%" 100, "99.9%%" 1000, "99.99%%" 10000, "99.999%%" 100000, "99.9999%%" 1000000)
set grid xtics ytics linecolor rgb "#cccccc"
set border 3 linecolor rgb "#666666"
set tics nomirror
unset key
set format y "%g"
