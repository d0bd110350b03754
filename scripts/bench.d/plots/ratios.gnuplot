# Ratios beside the yardsticks: a bar to the right of 1 is in our favour. The line across a bar is the
# bound; a figure that misses it is red, one that has none grey. Expects `data`, `out`.
stats data using 3 nooutput
rows = STATS_records
set terminal svg size 1100, 70 + 20 * rows font "sans-serif,11" background "white"
set output out
set title "times cheaper than the yardstick"
set logscale x
set yrange [rows + 0.7 : 0.3]
set ytics scale 0
set grid xtics lc rgb "#dddddd"
set style fill solid 1.0 noborder
unset key
colour(kept) = kept == 1 ? 0x4c9a5e : kept == 0 ? 0xc0504d : 0x9aa5b1
plot data using 3:1:(1):3:($1 - 0.35):($1 + 0.35):(colour($5)):ytic(2) with boxxyerror lc rgb variable, \
     data using 4:($1 - 0.45):(0):(0.9) with vectors nohead lw 3 lc rgb "black"
