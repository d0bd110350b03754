%% One write of a node that has 10, 100 and 1,000 links, until all have read it; beside it the bare calls
%% that hand the kernel the same bytes (links_bench). The peers are of our kind and read all: what they
%% would do with it is not measured. Time on the wall holds the readers, which share the processors.
-module(bench_links).

-export([figures/1]).

-define(LINKS, [10, 100, 1_000]).
-define(RUNS, 5).
-define(ROUNDS, 20).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        io:format("links: ~b runs of ~b writes to ~w links~n", [?RUNS, ?ROUNDS, ?LINKS]),
        Runs = [[{Links, links(Links)} || Links <- ?LINKS] || _ <- lists:seq(1, ?RUNS)],
        Most = lists:last(?LINKS),
        [linear(Runs) | [figure(Links, Key, What, Bounds, Runs)
            || {Links, Key, What, Bounds} <- [
                {10, cpu_us, "processor time", #{}},
                {100, cpu_us, "processor time", #{}},
                {Most, cpu_us, "processor time", #{wanted => {at_most, 10}, aim => {at_most, 3}}},
                {Most, wall_us, "until read by all", #{}}
            ]
        ]]
    after
        cluster:stop()
    end.

%% Medians of the rounds, in microseconds a link.
links(Links) ->
    Times = bench:program("links_bench", [integer_to_list(Links), integer_to_list(?ROUNDS)], [
        {"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}
    ]),
    maps:map(fun(_, Rounds) -> bench:median(Rounds) end, Times).

value(Links, Key, Run) ->
    {Links, #{Key := Us}} = lists:keyfind(Links, 1, Run),
    Us.

figure(Links, Key, What, Bounds, Runs) ->
    (maps:merge(#{wanted => none}, Bounds))#{
        name => io_lib:format("one write to ~b links, ~s, each, beside bare sends", [Links, What]),
        unit => "us",
        ours => [value(Links, Key, Run) || Run <- Runs],
        stock => [value(Links, bare_us, Run) || Run <- Runs],
        beside => "bare sends"
    }.

%% Linear is: a link among many costs what it does among few. The processor's caches, which hold the
%% sockets of few, are allowed as much again.
linear(Runs) ->
    [Few, Many] = [hd(?LINKS), lists:last(?LINKS)],
    #{
        name => io_lib:format("a link among ~b, processor time, beside a link among ~b", [Many, Few]),
        unit => "us",
        ours => [value(Many, cpu_us, Run) || Run <- Runs],
        stock => [value(Few, cpu_us, Run) || Run <- Runs],
        beside => "a link among few",
        wanted => {ratio_at_least, 0.5}
    }.
