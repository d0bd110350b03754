%% A program that embeds the node sets as fast as one thread can, beside one BEAM peer with Groot and
%% beside 50 peers of our kind (set_bench); beside it an Elixir program on a node with Groot that has one
%% such peer. Nothing may be lost: the peer has the last value of every key in the end. What the peer
%% itself can take is shown: the same number of single updates from one link (bench_stream).
%%
%% Of the 50 peers only the node's part is measured: they read all and keep nothing. With one thread
%% more than processors the senders and receivers share them.
-module(bench_set).

-export([figures/1]).

-define(RUNS, 5).
-define(SETS, 400_000).
-define(STOCK_SETS, 100_000).
-define(KEYS, 100_000).
-define(PEERS, 50).
-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(LONG_MS, 600_000).

figures(Work) ->
    ok = cluster:start([{priv_dir, Work}]),
    try
        Peer = cluster:peer(peer, v0_1),
        Writer = cluster:peer(writer, v0_1),
        io:format("set: ~b runs of ~b sets over ~b keys~n", [?RUNS, ?SETS, ?KEYS]),
        Runs = [
            #{beam => beam(Peer), links => links(), stock => stock(Writer, Peer), limit => limit(Peer)}
         || _ <- lists:seq(1, ?RUNS)
        ],
        Stock = [Ns || #{stock := #{set_ns := Ns}} <- Runs],
        Arrived = [Ns || #{beam := #{arrived_ns := Ns}} <- Runs],
        [
            #{
                name => "set, one BEAM peer, 400,000 in a row",
                unit => "ns",
                ours => [Ns || #{beam := #{set_ns := Ns}} <- Runs],
                stock => Stock,
                wanted => {ratio_at_least, 10}
            },
            #{
                name => "the same until all are readable at the peer, each",
                unit => "ns",
                ours => Arrived,
                stock => [Ns || #{stock := #{arrived_ns := Ns}} <- Runs],
                wanted => none
            },
            #{
                name => "the same, beside what that peer takes from one link",
                unit => "ns",
                ours => Arrived,
                stock => [Ns || #{limit := Ns} <- Runs],
                beside => "single updates from one link to the same peer",
                wanted => none
            },
            #{
                name => "links lost meanwhile",
                unit => "",
                ours => [Lost || #{beam := #{lost := Lost}} <- Runs],
                stock => [],
                wanted => {at_most, 0}
            },
            #{
                name => "set, 50 peers of ours, beside stock with one peer",
                unit => "ns",
                ours => [Ns || #{links := #{set_ns := Ns}} <- Runs],
                stock => Stock,
                wanted => none,
                aim => {ratio_at_least, 10}
            },
            #{
                name => "processor time of the same node, each set",
                unit => "ns",
                ours => [Ns || #{links := #{cpu_ns := Ns}} <- Runs],
                stock => [],
                wanted => none
            }
        ]
    after
        cluster:stop()
    end.

program(To) ->
    bench:program("set_bench", [integer_to_list(?SETS), integer_to_list(?KEYS) | To], [
        {"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}
    ]).

links() -> program(["links", integer_to_list(?PEERS)]).

beam(Peer) ->
    %% Of the run before.
    ok = cluster:on(Peer, fun() -> ?GROOT:set(done, none) end),
    Arriving = spawn_monitor(fun() ->
        exit({arrived, cluster:on(Peer, fun() -> await_all(last_values(?SETS), fun tell/1) end, ?LONG_MS)})
    end),
    Result = #{begin_us := Begin} = program(["beam", atom_to_list(Peer), cluster:cookie()]),
    Result#{arrived_ns => (arrived(Arriving) - Begin) * 1000 / ?SETS}.

arrived({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {arrived, Us}} -> Us;
        {'DOWN', Monitor, process, Pid, Reason} -> error(Reason)
    end.

%% {First and last number of the sets whose values stay}: each key's last one.
last_values(Sets) -> {Sets - ?KEYS, Sets - 1}.

%% When the last value of every key was there, Unix time in microseconds. The program with the node is
%% told at once: a write of this node's own, after such a backlog, reaches a hidden node late.
tell(Us) ->
    ok = gen_server:call({?STORAGE, 'set_bench@127.0.0.1'}, {set, done, Us}, ?LONG_MS),
    Us.

await_all({First, Last}, Then) ->
    await_value(Last),
    [await_value(N) || N <- lists:seq(First, Last)],
    Then(erlang:system_time(microsecond)).

await_value(N) ->
    Value = value(N),
    case ?GROOT:get(key(N rem ?KEYS)) of
        Value ->
            ok;
        _ ->
            timer:sleep(1),
            await_value(N)
    end.

%% As set_bench has them.
key(N) -> list_to_binary(io_lib:format("session_~8..0b", [N])).

value(N) -> list_to_binary(io_lib:format("v~31..0b", [N])).

stock(Writer, Peer) ->
    true = cluster:call(Writer, net_kernel, connect_node, [Peer]),
    Values = [{key(N rem ?KEYS), value(N)} || N <- lists:seq(?SETS, ?SETS + ?STOCK_SETS - 1)],
    {Begin, SetNs} = cluster:on(
        Writer,
        fun() ->
            Begin = erlang:system_time(microsecond),
            [ok = ?GROOT:set(Key, Value) || {Key, Value} <- Values],
            {Begin, (erlang:system_time(microsecond) - Begin) * 1000 / ?STOCK_SETS}
        end,
        ?LONG_MS
    ),
    Awaited = {?SETS + ?STOCK_SETS - ?KEYS, ?SETS + ?STOCK_SETS - 1},
    End = cluster:on(Peer, fun() -> await_all(Awaited, fun(Us) -> Us end) end, ?LONG_MS),
    true = cluster:call(Writer, erlang, disconnect_node, [Peer]),
    #{set_ns => SetNs, arrived_ns => (End - Begin) * 1000 / ?STOCK_SETS}.

%% Nanoseconds a message.
limit(Peer) ->
    #{stream_ms := Ms} = bench_stream:stream(Peer, ?STOCK_SETS * 3, ?KEYS),
    Ms * 1.0e6 / (?STOCK_SETS * 3).
