%% A node joins the cluster, is found, is seen as hidden, and leaves.
-module(join_SUITE).

-export([all/0, groups/0, suite/0]).
-export([init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    registers_and_is_hidden/1,
    answers_pings/1,
    one_peer_is_enough_to_find_all/1,
    a_new_peer_is_found/1,
    joins_while_all_write/1,
    connects_both_ways_at_once/1,
    a_call_while_it_dials/1,
    disconnect_and_back/1,
    leaves_on_sigterm/1,
    leaves_on_sigint/1,
    ticks_keep_an_idle_link/1,
    a_frozen_peer_is_noticed/1,
    node_monitor_fires/1,
    joins/1
]).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [{group, long_names}, {group, short_names}, {group, ipv6}].

groups() ->
    [
        {long_names, [], [
            registers_and_is_hidden,
            answers_pings,
            one_peer_is_enough_to_find_all,
            a_new_peer_is_found,
            joins_while_all_write,
            connects_both_ways_at_once,
            a_call_while_it_dials,
            disconnect_and_back,
            leaves_on_sigterm,
            leaves_on_sigint,
            ticks_keep_an_idle_link,
            a_frozen_peer_is_noticed,
            node_monitor_fires
        ]},
        {short_names, [], [joins]},
        {ipv6, [], [joins]}
    ].

init_per_group(long_names, Config) ->
    cluster:start_pair(Config, #{});
init_per_group(short_names, Config) ->
    {ok, Full} = inet:gethostname(),
    [Host | _] = string:split(Full, "."),
    case inet:getaddr(Host, inet) of
        {ok, _} -> cluster:start_pair(Config, #{host => Host, long_names => false});
        {error, _} -> {skip, "this host's own name does not resolve"}
    end;
init_per_group(ipv6, Config) ->
    case gen_tcp:listen(0, [inet6, {ip, {0, 0, 0, 0, 0, 0, 0, 1}}]) of
        {ok, Socket} ->
            ok = gen_tcp:close(Socket),
            cluster:start_pair(Config, #{host => "::1", beam_args => ["-proto_dist", "inet6_tcp"]});
        {error, _} ->
            {skip, "no ::1 here"}
    end.

end_per_group(_Group, _Config) ->
    cluster:stop().

end_per_testcase(_Case, Config) ->
    cluster:tidy([a(Config), b(Config)]).

registers_and_is_hidden(Config) ->
    A = a(Config),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    true = is_map_key("groot", cluster:registered_names()),
    cluster:await_connected(Groot, [A]),
    false = lists:member(Groot, cluster:call(A, erlang, nodes, [])),
    {ok, hidden} = cluster:call(A, net_kernel, node_info, [Groot, type]),
    ok.

answers_pings(Config) ->
    Groot = cluster:groot(groot),
    [A, B] = [a(Config), b(Config)],
    pong = cluster:call(A, net_adm, ping, [Groot]),
    true = cluster:call(B, net_kernel, connect_node, [Groot]),
    true = cluster:call(B, net_kernel, hidden_connect_node, [Groot]),
    pang = cluster:call(A, net_adm, ping, [cluster:full_name(nobody)]),
    ok.

one_peer_is_enough_to_find_all(Config) ->
    Groot = cluster:groot(groot, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, [a(Config), b(Config)]).

a_new_peer_is_found(Config) ->
    Groot = cluster:groot(groot, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, [a(Config)]),
    C = cluster:peer(c, v0_1),
    true = cluster:call(C, net_kernel, connect_node, [b(Config)]),
    cluster:await_connected(Groot, [C]),
    ok = groot_api:set(Groot, found, 1),
    groot_api:await_value([C], found, 1),
    cluster:stop_peer(C).

%% Both sides dial at the same instant, many times: there must be one working link at the end.
%% Nothing falls between the state that the newcomer is given and the writes that it hears.
joins_while_all_write(Config) ->
    Peers = [a(Config), b(Config)],
    Self = self(),
    Writers = [spawn_link(fun() -> write_on(Peer, 1, Self) end) || Peer <- Peers],
    some_more(Peers),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, Peers),
    some_more(Peers),
    [Writer ! stop || Writer <- Writers],
    Written = maps:from_list([receive {written, Peer, Count} -> {Peer, Count} end || Peer <- Peers]),
    Keys = lists:sort([{load, Peer, N} || Peer <- Peers, N <- lists:seq(1, maps:get(Peer, Written))]),
    Held = fun(Node) -> lists:sort([Key || {load, _, _} = Key <- maps:keys(groot_api:registers(Node))]) end,
    [await:equal(Keys, fun() -> Held(Node) end, 25_000) || Node <- [Groot | Peers]],
    ok.

write_on(Peer, N, Asker) ->
    ok = groot_api:set(Peer, {load, Peer, N}, N),
    [Asker ! {reached, Peer} || N rem 100 =:= 0],
    receive
        stop -> Asker ! {written, Peer, N}
    after 0 -> write_on(Peer, N + 1, Asker)
    end.

some_more(Peers) ->
    [receive {reached, Peer} -> ok end || Peer <- Peers, _ <- [1, 2]].

connects_both_ways_at_once(Config) ->
    [A, B] = [a(Config), b(Config)],
    [
        begin
            Name = list_to_atom("cross" ++ integer_to_list(Round)),
            Program = cluster:groot_program(
                Name, ["--cookie", cluster:cookie(), "--connect", atom_to_list(A), "--connect", atom_to_list(B)], []
            ),
            Groot = cluster:full_name(Name),
            Hammers = [{Beam, cluster:on(Beam, fun() -> hammer(Groot) end)} || Beam <- [A, B]],
            os_program:await_line(Program, "ready: ", 10_000),
            cluster:await_connected(Groot, [A, B]),
            [pong = cluster:call(Beam, net_adm, ping, [Groot]) || Beam <- [A, B]],
            ok = groot_api:set(Groot, crossed, Round),
            groot_api:await_value([A, B], crossed, Round),
            [
                await:equal(undefined, fun() -> cluster:call(Beam, erlang, process_info, [Hammer, status]) end)
             || {Beam, Hammer} <- Hammers
            ],
            0 = cluster:stop_groot(Groot)
        end
     || Round <- lists:seq(1, 5)
    ],
    ok.

%% Dials from inside a peer until the link is there.
hammer(Groot) ->
    spawn(fun() -> await:true(fun() -> net_kernel:hidden_connect_node(Groot) end) end).

%% A node that has just started dials the peers that it hears of; a call from one of them at that
%% moment opens a connection of its own, which must not be lost to the other.
a_call_while_it_dials(Config) ->
    [A, B] = [a(Config), b(Config)],
    [
        begin
            %% Greater than the caller's name, and smaller.
            Groot = cluster:groot(list_to_atom(lists:concat([Prefix, Round])), ["--connect", atom_to_list(B)]),
            #{} = cluster:call(A, sys, get_state, [{'Elixir.Groot.Storage', Groot}]),
            cluster:kill_groot(Groot)
        end
     || Round <- lists:seq(1, 40), Prefix <- ["other", "Other"]
    ],
    ok.

disconnect_and_back(Config) ->
    A = a(Config),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A]),
    [
        begin
            Connection = cluster:connection(A, Groot),
            true = cluster:call(A, erlang, disconnect_node, [Groot]),
            await:true(fun() -> not lists:member(cluster:connection(A, Groot), [none, Connection]) end)
        end
     || _ <- lists:seq(1, 3)
    ],
    pong = cluster:call(A, net_adm, ping, [Groot]),
    ok.

leaves_on_sigterm(Config) -> leaves("TERM", Config).

leaves_on_sigint(Config) -> leaves("INT", Config).

leaves(Signal, Config) ->
    A = a(Config),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, b(Config)]),
    Watcher = cluster:on(A, fun() -> watch(Groot) end),
    Program = cluster:program(Groot),
    cluster:forget(Groot),
    Began = erlang:monotonic_time(millisecond),
    os_program:signal(Program, Signal),
    0 = os_program:await_exit(Program, 3_000),
    %% A closed link, not a time-out.
    await:equal(down, fun() -> cluster:on(A, fun() -> ask(Watcher) end) end),
    true = erlang:monotonic_time(millisecond) - Began < 3_000,
    false = is_map_key("groot", cluster:registered_names()),
    ok.

%% A process in a peer that knows whether Node is still up.
watch(Node) ->
    spawn(fun() ->
        monitor_node(Node, true),
        watching(up)
    end).

watching(State) ->
    receive
        {nodedown, _} -> watching(down);
        {ask, Pid} -> Pid ! {state, State}, watching(State)
    end.

ask(Watcher) ->
    Watcher ! {ask, self()},
    receive
        {state, State} -> State
    end.

node_monitor_fires(Config) ->
    A = a(Config),
    Groot = cluster:groot(groot),
    pong = cluster:call(A, net_adm, ping, [Groot]),
    Watcher = cluster:on(A, fun() -> watch(Groot) end),
    up = cluster:on(A, fun() -> ask(Watcher) end),
    cluster:kill_groot(Groot),
    await:equal(down, fun() -> cluster:on(A, fun() -> ask(Watcher) end) end).

%% net_ticktime 4 drops a silent side after 5 s at the latest.
ticks_keep_an_idle_link(_Config) ->
    Ticking = cluster:peer(ticking, no_groot, ["-kernel", "net_ticktime", "4"]),
    Groot = cluster:groot(groot, ["--net-ticktime", "4"]),
    pong = cluster:call(Ticking, net_adm, ping, [Groot]),
    Connection = cluster:connection(Ticking, Groot),
    await:holds(fun() -> cluster:connection(Ticking, Groot) =:= Connection end, 7_000),
    cluster:stop_peer(Ticking).

a_frozen_peer_is_noticed(Config) ->
    Frozen = cluster:peer(frozen, no_groot),
    OsPid = cluster:call(Frozen, os, getpid, []),
    Groot = cluster:groot(groot, ["--net-ticktime", "4", "--connect", atom_to_list(a(Config))]),
    pong = cluster:call(Frozen, net_adm, ping, [Groot]),
    Connected = fun() ->
        lists:member(Frozen, groot_api:call_from(a(Config), Groot, erlang, nodes, [connected]))
    end,
    true = Connected(),
    [] = os:cmd("kill -STOP " ++ OsPid),
    try
        await:equal(false, Connected, 12_000)
    after
        [] = os:cmd("kill -CONT " ++ OsPid),
        cluster:forgive(Frozen, "."),
        cluster:stop_peer(Frozen)
    end.

joins(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, B]),
    ok = groot_api:set(Groot, from_groot, 1),
    ok = groot_api:set(A, from_a, 2),
    groot_api:await_value([A, B, Groot], from_groot, 1),
    groot_api:await_value([A, B, Groot], from_a, 2),
    true = cluster:call(B, erlang, disconnect_node, [Groot]),
    pong = cluster:call(B, net_adm, ping, [Groot]),
    0 = cluster:stop_groot(Groot),
    false = is_map_key("groot", cluster:registered_names()),
    ok.

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).
