%% A full state of 300,000 registers, as a peer sends it: from its bytes to merged registers, in our
%% node's code (merge_bench) and in the code of stock's storage process, turn about.
-module(bench_merge).

-export([figures/1]).

-define(REGISTERS, 300_000).
-define(RUNS, 7).
-define(STORAGE, 'Elixir.Groot.Storage').

figures(Work) ->
    [true = code:add_pathz(Folder) || Folder <- bench:stock_path(Work)],
    {module, ?STORAGE} = code:ensure_loaded(?STORAGE),
    File = filename:join(Work, "full_state.etf"),
    Bytes = full_state(),
    ok = file:write_file(File, Bytes),
    io:format("merge: ~b registers in ~b bytes, ~b runs~n", [?REGISTERS, byte_size(Bytes), ?RUNS]),
    Runs = [{ours(File), stock(Bytes)} || _ <- lists:seq(1, ?RUNS)],
    Ours = fun(Key) -> [maps:get(Key, Run) || {Run, _} <- Runs] end,
    [
        Bound#{
            name => "merge 300,000 registers, " ++ Into,
            unit => "ms",
            ours => Ours(Key),
            stock => [element(Place, Stock) || {_, Stock} <- Runs]
        }
     || {Place, Key, Into, Bound} <- [
            {1, empty_ms, "none held", #{wanted => {ratio_at_least, 20}, aim => {ratio_at_least, 40}}},
            {2, held_ms, "all held, shown for the first time", #{wanted => none}},
            {2, again_ms, "all held, shown before", #{wanted => {ratio_at_least, 40}, aim => {ratio_at_least, 80}}}
        ]
    ] ++ [
        #{
            name => "the same, none held, beside " ++ Bare ++ " of the same bytes",
            unit => "ms",
            ours => Ours(empty_ms),
            stock => Ours(Key),
            beside => Bare,
            wanted => none
        }
     || {Key, Bare} <- [{skip_ms, "ei_skip_term"}, {copy_ms, "memcpy"}]
    ].

full_state() ->
    Time = erlang:system_time(millisecond),
    Registers = maps:from_list([entry(N, Time) || N <- lists:seq(1, ?REGISTERS)]),
    term_to_binary({'$gen_cast', {update_registers, Registers}}).

entry(N, Time) ->
    Key = {<<"session">>, N},
    Value = {online, N * 7},
    Hlc = #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => Time - N rem 100_000,
        counter => N rem 16,
        node_id => 16#5eed_0000_0000_0000 + N rem 8
    },
    {Key, #{key => Key, value => Value, hlc => Hlc}}.

%% Milliseconds into an empty store, for the same state again, and once more, as a stock node sends
%% it every 10 to 20 s; and for the bare passes.
ours(File) -> #{registers := ?REGISTERS} = bench:program("merge_bench", [File], []).

%% In a process of its own, as stock merges in one: decoded there, merged by its own callback. That
%% leaves out stock's message passing, which is in its favour.
stock(Bytes) ->
    {_, Monitor} = spawn_monitor(fun() ->
        {ok, Empty} = ?STORAGE:init([]),
        {First, Held} = merge(Bytes, Empty),
        {Again, #{registers := Registers}} = merge(Bytes, Held),
        ?REGISTERS = map_size(Registers),
        exit({merged, First, Again})
    end),
    receive
        {'DOWN', Monitor, process, _, {merged, First, Again}} -> {First, Again};
        {'DOWN', Monitor, process, _, Reason} -> error({stock_merge, Reason})
    end.

merge(Bytes, State) ->
    {Microseconds, {noreply, Next}} = timer:tc(fun() ->
        {'$gen_cast', Message} = binary_to_term(Bytes),
        ?STORAGE:handle_cast(Message, State)
    end),
    {Microseconds / 1000, Next}.
