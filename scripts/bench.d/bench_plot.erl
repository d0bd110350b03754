%% Writes what gnuplot draws, from bench.json: ratios.dat and growth.dat, each only where there are
%% figures for it (plots/ratios.gnuplot, plots/growth.gnuplot).
-module(bench_plot).

-export([main/1]).

-spec main([string()]) -> no_return().
main([JsonFile, Folder]) ->
    {ok, Json} = file:read_file(JsonFile),
    #{figures := Figures} = bench_json:decode(Json),
    write(filename:join(Folder, "ratios.dat"), ratios(Figures)),
    write(filename:join(Folder, "growth.dat"), growth(Figures)),
    halt(0).

write(_File, []) -> ok;
write(File, Lines) -> ok = file:write_file(File, unicode:characters_to_binary(Lines)).

%% Row, name, ratio, the bound of it, and 1 where that is kept, 0 where not, 2 where there is none.
ratios(Figures) ->
    Rows = [
        {Bench ++ ": " ++ Name, Ratio, Wanted}
     || #{
            bench := {text, Bench},
            name := {text, Name},
            ratio := Ratio,
            wanted := Wanted,
            points := none
        } <- Figures,
        Ratio =/= none
    ],
    [
        io_lib:format("~b\t\"~ts\"\t~w\t~w\t~b~n", [Row, Name, Ratio, bound(Wanted), kept(Ratio, Wanted)])
     || {Row, {Name, Ratio, Wanted}} <- lists:zip(lists:seq(1, length(Rows)), Rows)
    ].

bound(#{ratio_at_least := Bound}) -> Bound;
bound(_) -> 'NaN'.

kept(Ratio, #{ratio_at_least := Bound}) when Ratio >= Bound -> 1;
kept(_, #{ratio_at_least := _}) -> 0;
kept(_, _) -> 2.

%% A block a figure: its name, then registers and the cost beside that of the fewest.
growth(Figures) ->
    lists:join("\n\n", [
        [
            io_lib:format("\"~ts\"~n", [What])
            | [io_lib:format("~b\t~w~n", [N, Median / Least]) || #{registers := N, median := Median} <- Samples]
        ]
     || #{points := #{what := {text, What}, samples := Samples = [#{median := Least} | _]}} <- Figures
    ]).
