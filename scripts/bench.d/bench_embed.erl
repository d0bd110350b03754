%% What a program that embeds the node pays for a read and for a write (embed_bench), beside what an
%% Elixir program pays on its own node with Groot. Neither has peers, but where two threads read while
%% updates are merged (readers_bench).
-module(bench_embed).

-export([figures/1]).

-define(RUNS, 5).
-define(READS, 1_000_000).
%% Far above, stock's storage process needs longer for a single set than callers wait for it.
-define(SETS, 100_000).
-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(LONG_MS, 600_000).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Few = sizes(1_000),
        Some = [sets(?SETS) || _ <- lists:seq(1, ?RUNS)],
        Many = sizes(1_000_000),
        [
            (get_figure("1,000", Few))#{aim => {ratio_at_least, 6}},
            two_threads_figure("1,000", Few),
            readers_figure(200_000),
            bare_figure("1,000", Few, 2),
            get_figure("1,000,000", Many),
            two_loads_figure("1,000,000", Many),
            get_all_figure("1,000,000", Many),
            bare_figure("1,000,000", Many, 1.5),
            set_figure(Some),
            memory_figure(Many),
            expired_figure(1_000_000)
        ]
    after
        cluster:stop()
    end.

%% One size: ours and stock's, one after the other.
sizes(Keys) ->
    io:format("embed: ~b keys, ~b runs of ~b reads~n", [Keys, ?RUNS, ?READS]),
    {program("embed_bench", Keys, []), stock(Keys, ?RUNS)}.

%% The same without the reads.
sets(Keys) ->
    io:format("embed: ~b new keys~n", [Keys]),
    {program("embed_bench", Keys, ["set"]), stock(Keys, 0)}.

program(Name, Number, Others) ->
    Environment = [{"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}],
    bench:program(Name, [integer_to_list(Number) | Others], Environment).

%% On a node of its own, which holds nothing else; its reads in so many runs.
stock(Keys, Runs) ->
    Node = cluster:peer(list_to_atom("stock_" ++ integer_to_list(Keys)), v0_1),
    Result = cluster:on(
        Node,
        fun() ->
            Value = binary:copy(<<"v">>, 32),
            Names = [key(N) || N <- lists:seq(0, Keys - 1)],
            SetNs = fill(Names, Value),
            _ = rand:seed(exsss, 7),
            Order = list_to_tuple([key(rand:uniform(Keys) - 1) || _ <- lists:seq(1, min(Keys, ?READS))]),
            GetNs = [get_ns(Order) || _ <- lists:seq(1, Runs)],
            #{set_ns => SetNs, get_ns => GetNs}
        end,
        ?LONG_MS
    ),
    cluster:stop_peer(Node),
    Result.

%% Nanoseconds that a set took; where there are too many for that, all at once, as from a peer.
fill(Names, Value) when length(Names) =< ?SETS ->
    {Us, ok} = timer:tc(fun() -> lists:foreach(fun(Name) -> ok = ?GROOT:set(Name, Value) end, Names) end),
    Us * 1000 / length(Names);
fill([First | _] = Names, Value) ->
    ok = ?GROOT:set(First, Value),
    #{registers := #{First := Register}} = sys:get_state(?STORAGE),
    Registers = maps:from_list([{Name, Register#{key := Name}} || Name <- Names]),
    ok = gen_server:cast(?STORAGE, {update_registers, Registers}),
    #{registers := Held} = sys:get_state(?STORAGE, ?LONG_MS),
    true = map_size(Held) =:= length(Names),
    none.

key(N) -> list_to_binary(io_lib:format("session_~8..0b", [N])).

get_ns(Order) ->
    {Us, ok} = timer:tc(fun() -> reads(?READS, tuple_size(Order), Order) end),
    Us * 1000 / ?READS.

reads(0, _, _) ->
    ok;
reads(Left, Size, Order) ->
    <<_:32/binary>> = ?GROOT:get(element(Left rem Size + 1, Order)),
    reads(Left - 1, Size, Order).

get_figure(Keys, {#{get_ns := Ours}, #{get_ns := Stock}}) ->
    #{
        name => "get, " ++ Keys ++ " keys, one thread",
        unit => "ns",
        ours => Ours,
        stock => Stock,
        wanted => {ratio_at_least, 3}
    }.

%% Beside the same node with one reader.
two_threads_figure(Keys, {#{two_threads_ns := Two, get_ns := One}, _}) ->
    #{
        name => "get, " ++ Keys ++ " keys, two threads, beside one thread of ours",
        unit => "ns",
        ours => Two,
        stock => One,
        wanted => {ratio_at_least, 1.8}
    }.

%% Beside one reader and nothing to merge; processor time of the readers.
readers_figure(PerSecond) ->
    #{one_ns := One, two_ns := Two, per_second := Merged} = program("readers_bench", PerSecond, []),
    io:format("embed: ~b updates a second, or more, were merged while two threads read~n", [floor(lists:min(Merged))]),
    #{
        name => "get, 100,000 keys, two threads, 200,000 updates/s merged, beside one thread and none",
        unit => "ns",
        ours => Two,
        stock => One,
        wanted => {ratio_at_least, 1.8}
    }.

%% What a look-up cannot do without: where the register is, then the register.
two_loads_figure(Keys, {#{get_ns := Ours, two_loads_ns := Two}, _}) ->
    #{
        name => "get, " ++ Keys ++ " keys, beside two loads from as much memory, one after the other",
        unit => "ns",
        ours => Ours,
        stock => Two,
        beside => "two loads",
        wanted => none
    }.

get_all_figure(Keys, {#{get_all_ns := Ours}, #{get_ns := Stock}}) ->
    #{
        name => "get_all, " ++ Keys ++ " keys, a hundred at a time, a key, beside a get of stock's",
        unit => "ns",
        ours => Ours,
        stock => Stock,
        wanted => {ratio_at_least, 3}
    }.

%% Without a term for the key or for the value, and without the node around it.
bare_figure(Keys, {#{get_ns := Ours, bare_ns := Bare}, _}, TimesAtMost) ->
    #{
        name => "get, " ++ Keys ++ " keys, beside the bare look-up in the same table",
        unit => "ns",
        ours => Ours,
        stock => Bare,
        beside => "bare look-up",
        wanted => none,
        aim => {ratio_at_least, 1 / TimesAtMost}
    }.

%% A node is empty once.
set_figure(Runs) ->
    #{
        name => "set of 100,000 new keys, no peers",
        unit => "ns",
        ours => [Ns || {#{set_ns := Ns}, _} <- Runs],
        stock => [Ns || {_, #{set_ns := Ns}} <- Runs],
        wanted => {ratio_at_least, 15},
        aim => {ratio_at_least, 30}
    }.

memory_figure({#{register_bytes := Bytes}, _}) ->
    #{
        name => "memory a register beyond key and value, 1,000,000 registers",
        unit => "B",
        ours => [Bytes],
        stock => [],
        wanted => {at_most, 150},
        aim => {at_most, 90}
    }.

%% Beside the same node before it held anything.
expired_figure(Keys) ->
    #{empty_bytes := Empty, after_bytes := After} = program("expire_bench", Keys, []),
    #{
        name => "memory when 1,000,000 registers have expired, beside the empty node",
        unit => "KiB",
        ours => [After / 1024],
        stock => [Empty / 1024],
        wanted => {ratio_at_least, 0.91}
    }.
