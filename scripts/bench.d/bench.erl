%% Runs the figures asked for, prints them as a table and keeps them as JSON.
-module(bench).

-export([main/1, stock/0, stock_path/1, program/3, median/1]).
-export_type([figure/0]).

%% One measured quantity: our samples, one a run, beside those of stock Groot from the same minutes.
%% `wanted` is what the project promises: a bound for our median or for stock's median over ours;
%% `aim` what it would like to reach.
-type figure() :: #{
    name := string(),
    unit := string(),
    ours := [number(), ...],
    stock := [number()],
    %% What the second one is where it is not stock Groot.
    beside => string(),
    wanted := bound(),
    aim => bound(),
    %% Samples of what the figure is a growth of, by the number of registers.
    points => #{what := string(), unit := string(), samples := [{pos_integer(), [number(), ...]}]}
}.
-type bound() :: {at_most, number()} | {ratio_at_least, number()} | none.

-spec main([string()]) -> no_return().
main([Work, JsonFile, Minutes | Names]) ->
    try [{Name, run(Name, Work, list_to_integer(Minutes))} || Name <- Names] of
        Results ->
            print(lists:append([Figures || {_, Figures} <- Results])),
            New = [in_json(Name, Figure) || {Name, Figures} <- Results, Figure <- Figures],
            ok = file:write_file(JsonFile, bench_json:encode(document(others(JsonFile, Names) ++ New))),
            io:format("~nEvery sample is in ~ts~n", [JsonFile]),
            halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~tp: ~tp~n~tp~n", [Class, Reason, Stack]),
            halt(1)
    end.

run("merge", Work, _Minutes) -> bench_merge:figures(Work);
run("sync", Work, _Minutes) -> bench_sync:figures(Work);
run("embed", Work, _Minutes) -> bench_embed:figures(Work);
run("call", Work, _Minutes) -> bench_call:figures(Work);
run("stream", Work, _Minutes) -> bench_stream:figures(Work);
run("set", Work, _Minutes) -> bench_set:figures(Work);
run("growth", Work, _Minutes) -> bench_growth:figures(Work);
run("links", Work, _Minutes) -> bench_links:figures(Work);
run("star", Work, _Minutes) -> bench_star:figures(Work);
run("start", Work, _Minutes) -> bench_start:figures(Work);
run("feed", Work, _Minutes) -> bench_feed:figures(Work);
run("idle", Work, Minutes) -> bench_idle:figures(Work, Minutes).

%% What stands for stock Groot in this run.
-spec stock() -> string().
stock() ->
    case os:getenv("GROOT_EBIN") of
        false -> "the stand-in of this project";
        Ebin -> "the real Groot in " ++ Ebin
    end.

%% Code paths that make stock's storage process loadable.
-spec stock_path(file:filename()) -> [file:filename()].
stock_path(Work) ->
    case os:getenv("GROOT_EBIN") of
        false ->
            [stand_in:ebin(v0_1, Work)];
        Ebin ->
            Elixir = string:trim(os:cmd("elixir -e 'IO.puts(:code.lib_dir(:elixir))'")),
            [Ebin, filename:join(Elixir, "ebin"), filename:join([Elixir, "..", "logger", "ebin"])]
    end.

%% ------------------------------------------------------------------ programs in C++

%% Runs one of cpp_tests/bench, which prints a JSON object of numbers and of lists of numbers; that object.
-spec program(string(), [string()], [{string(), string()}]) -> #{atom() => number() | [number()]}.
program(Name, Args, Environment) ->
    Program = filename:join(os:getenv("GROOT_BENCH_PROGRAMS"), Name),
    Port = open_port(
        {spawn_executable, Program},
        [{args, Args}, {env, Environment}, binary, exit_status, stderr_to_stdout]
    ),
    Output = output(Program, Port, <<>>),
    Members = "\"(\\w+)\": (-?[0-9.]+|\\[[-0-9., ]*\\])",
    {match, Found} = re:run(Output, Members, [global, {capture, all_but_first, list}]),
    maps:from_list([{list_to_atom(Key), value(Text)} || [Key, Text] <- Found]).

output(Program, Port, Sofar) ->
    receive
        {Port, {data, Data}} -> output(Program, Port, <<Sofar/binary, Data/binary>>);
        {Port, {exit_status, 0}} -> Sofar;
        {Port, {exit_status, Status}} -> error({Program, Status, Sofar})
    end.

%% A number, or a list of them, is an Erlang term as it stands.
value(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Value} = erl_parse:parse_term(Tokens),
    Value.

%% ------------------------------------------------------------------ the table

print(Figures) ->
    Header = ["figure", "ours", "spread", "beside", "spread", "beside/ours", "wanted", ""],
    table([Header | [row(Figure) || Figure <- Figures]]),
    io:format("~nMedian and min..max of the runs, beside stock Groot where the name says nothing else: ~ts.~n", [
        stock()
    ]),
    print_points([Points || #{points := Points} <- Figures]).

%% What the figures of growth were made from.
print_points([]) ->
    ok;
print_points(All) ->
    Sizes = lists:usort([N || #{samples := Samples} <- All, {N, _} <- Samples]),
    table([
        ["registers" | [integer_to_list(N) || N <- Sizes]]
        | [
            [
                Of ++ ", " ++ Unit
                | [
                    case lists:keyfind(N, 1, Samples) of
                        {N, Values} -> number(median(Values));
                        false -> ""
                    end
                 || N <- Sizes
                ]
            ]
         || #{what := Of, unit := Unit, samples := Samples} <- All
        ]
    ]).

table(Rows) ->
    Widths = [
        lists:max([string:length(lists:nth(Column, Row)) || Row <- Rows])
     || Column <- lists:seq(1, length(hd(Rows)))
    ],
    io:format("~n"),
    [
        io:format("~ts~n", [
            string:trim(
                lists:join("  ", [string:pad(Cell, Width) || {Cell, Width} <- lists:zip(Row, Widths)]),
                trailing
            )
        ])
     || Row <- Rows
    ].

row(Figure = #{name := Name, unit := Unit, ours := Ours, stock := Stock, wanted := Wanted}) ->
    Aim = maps:get(aim, Figure, none),
    [
        Name,
        number(median(Ours)) ++ " " ++ Unit,
        spread(Ours),
        case Stock of
            [] -> "";
            _ -> number(median(Stock)) ++ " " ++ Unit
        end,
        spread(Stock),
        case ratio(Figure) of
            none -> "";
            Ratio -> number(Ratio)
        end,
        lists:join("; ", [Text || Text <- [bound("", Wanted, Unit), bound("aim: ", Aim, Unit)], Text =/= ""]),
        lists:join(", ", [
            Text
         || Text <- [verdict("met", met(Wanted, Figure)), verdict("aim met", met(Aim, Figure))], Text =/= ""
        ])
    ].

bound(_, none, _) -> "";
bound(What, {at_most, Bound}, Unit) -> What ++ "at most " ++ number(Bound) ++ " " ++ Unit;
bound(What, {ratio_at_least, Bound}, _) -> What ++ "ratio at least " ++ number(Bound).

verdict(_, none) -> "";
verdict(What, true) -> What;
verdict(What, false) -> string:replace(What, "met", "NOT MET").

spread([]) -> "";
spread(Samples) -> number(lists:min(Samples)) ++ ".." ++ number(lists:max(Samples)).

median(Samples) ->
    Sorted = lists:sort(Samples),
    Middle = length(Sorted) div 2,
    case length(Sorted) rem 2 of
        1 -> lists:nth(Middle + 1, Sorted);
        0 -> (lists:nth(Middle, Sorted) + lists:nth(Middle + 1, Sorted)) / 2
    end.

ratio(#{stock := []}) ->
    none;
ratio(#{ours := Ours, stock := Stock}) ->
    case median(Ours) of
        Zero when Zero == 0 -> none;
        Median -> median(Stock) / Median
    end.

met(none, _) -> none;
met({at_most, Bound}, #{ours := Ours}) -> median(Ours) =< Bound;
met({ratio_at_least, Bound}, Figure) -> ratio(Figure) >= Bound.

%% Three digits that count.
number(Number) when abs(Number) >= 100 -> integer_to_list(round(Number));
number(Number) when abs(Number) >= 10 -> float_to_list(float(Number), [{decimals, 1}]);
number(Number) when Number == 0 -> "0";
number(Number) -> float_to_list(float(Number), [{decimals, 3}]).

%% ------------------------------------------------------------------ JSON

document(Figures) ->
    #{
        otp => {text, erlang:system_info(otp_release)},
        cores => erlang:system_info(logical_processors_available),
        figures => Figures
    }.

%% Figures of another run, of benchmarks that are none of these.
others(JsonFile, Names) ->
    case file:read_file(JsonFile) of
        {ok, Json} ->
            #{figures := Figures} = bench_json:decode(Json),
            [Figure || Figure = #{bench := {text, Name}} <- Figures, not lists:member(Name, Names)];
        {error, enoent} ->
            []
    end.

in_json(Name, Figure = #{name := Text, unit := Unit, ours := Ours, stock := Stock, wanted := Wanted}) ->
    #{
        bench => {text, Name},
        taken_at => {text, calendar:system_time_to_rfc3339(erlang:system_time(second))},
        stock_is => {text, stock()},
        name => {text, lists:flatten(Text)},
        unit => {text, Unit},
        ours => Ours,
        stock => Stock,
        beside => {text, maps:get(beside, Figure, "stock Groot")},
        ours_median => median(Ours),
        ratio => ratio(Figure),
        wanted => bound_in_json(Wanted),
        aim => bound_in_json(maps:get(aim, Figure, none)),
        met => met(Wanted, Figure),
        points => points_in_json(maps:get(points, Figure, none))
    }.

bound_in_json(none) -> none;
bound_in_json({Kind, Bound}) -> #{Kind => Bound}.

points_in_json(none) ->
    none;
points_in_json(#{what := What, unit := Unit, samples := Samples}) ->
    #{
        what => {text, What},
        unit => {text, Unit},
        samples => [#{registers => N, median => median(Values), values => Values} || {N, Values} <- Samples]
    }.
