# Cost by the number of registers, beside the cost with the fewest; both axes are logarithmic.
# Expects `data`, `out`.
stats data using 1 nooutput
least = STATS_min
set terminal svg size 800, 560 font "sans-serif,11" background "white"
set output out
set title "Cost against size, beside that of the smallest"
set logscale xy
set xlabel "registers"
set ylabel "times"
set format x "10^{%L}"
set format y "10^{%L}"
set grid lc rgb "#dddddd"
set key outside right reverse Left
set xrange [least : *]
set yrange [0.5 : *]
plot for [i = 0 : STATS_blocks - 1] data index i using 1:2 with linespoints lw 2 pt 7 ps 0.5 title columnheader(1), \
     x * log(x) / (least * log(least)) with lines dt 2 lc rgb "black" title "n log n"
