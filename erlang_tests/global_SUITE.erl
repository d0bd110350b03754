%% A visible node beside BEAM nodes whose `global` it is no member of: whatever becomes of it, what
%% they ask of global takes what it takes without it, their links to each other stay, and none of
%% them has anything to log.
-module(global_SUITE).

-export([all/0, groups/0, suite/0]).
-export([init_per_group/2, end_per_group/2, init_per_testcase/2, end_per_testcase/2]).
-export([attached/1, several_attached/1, killed/1, leaving/1, flapping/1, cut_from_one_of_two/1, peer_joins_and_leaves/1]).
-export([seed_of_a_newcomer/1]).

-define(ROUNDS, 50).
%% The median of an operation may take so much longer than without us; times what a message to a
%% BEAM node and back takes now, by what it took then: the machine has more to do at some times.
-define(SLOWER_MS, 5).
%% And no single one waits for a time-out or for somebody to go away.
-define(LONGEST_MS, 2_000).
%% Through a seed that is a BEAM node a newcomer finds all others in 1.5 s.
-define(FOUND_MS, 3_000).

suite() -> [{timetrap, {seconds, 90}}].

all() -> [{group, no_overlapping_partitions}, {group, overlapping_partitions}].

groups() ->
    Cases = [attached, several_attached, killed, leaving, flapping, cut_from_one_of_two, peer_joins_and_leaves, seed_of_a_newcomer],
    [{no_overlapping_partitions, [], Cases}, {overlapping_partitions, [], Cases}].

init_per_group(Group, Config) ->
    Prevent = atom_to_list(Group =:= no_overlapping_partitions),
    Args = ["-kernel", "prevent_overlapping_partitions", Prevent],
    cluster:start(Config, #{quiet => true, beam_args => Args}),
    Beams = [A, B, C] = cluster:peers([{a, no_groot}, {b, no_groot}, {c, no_groot}]),
    [true = cluster:call(A, net_kernel, connect_node, [Node]) || Node <- [B, C]],
    groot_api:await_mesh(Beams),
    [ok = cluster:call(Node, global, sync, []) || Node <- Beams],
    [{beams, Beams}, {alone, medians([measured(Node, Beams) || Node <- Beams])} | Config].

end_per_group(_Group, _Config) -> cluster:stop().

init_per_testcase(_Case, Config) ->
    Beams = beams(Config),
    Links = [{Node, links(Node, Beams)} || Node <- Beams],
    Watchers = [{Node, cluster:on(Node, fun() -> node_watcher:start([]) end)} || Node <- Beams],
    [{links, Links}, {watchers, Watchers} | Config].

%% Whatever the case did: no link between two BEAM nodes was dropped, for a moment either.
end_per_testcase(_Case, Config) ->
    Beams = beams(Config),
    Verdict = cluster:tidy(Beams),
    Links = [{Node, links(Node, Beams)} || Node <- Beams],
    Downs = [
        {Node, Lost}
     || {Node, Watcher} <- proplists:get_value(watchers, Config),
        {nodedown, Lost} <- cluster:on(Node, fun() -> node_watcher:seen(Watcher) end),
        lists:member(Lost, Beams)
    ],
    case {Verdict, proplists:get_value(links, Config), Downs} of
        {ok, Links, []} -> ok;
        _ -> {fail, {Verdict, {links, proplists:get_value(links, Config), Links}, {downs, Downs}}}
    end.

attached(Config) ->
    Groot = visible(groot, Config),
    global_works(Config),
    %% A name is everywhere, but for the node that takes no part.
    [A, B, C] = beams(Config),
    Holder = cluster:on(A, fun() -> hold_name(known_to_all) end),
    [Holder = cluster:call(Node, global, whereis_name, [known_to_all]) || Node <- [B, C]],
    ok = cluster:call(C, global, unregister_name, [known_to_all]),
    cluster:call(A, erlang, exit, [Holder, kill]),
    [true = lists:member(Groot, cluster:call(Node, erlang, nodes, [])) || Node <- [A, B, C]],
    ok.

several_attached(Config) ->
    [visible(Name, Config) || Name <- [one, two, three]],
    global_works(Config).

killed(Config) -> goes_while_global_works(Config, fun cluster:kill_groot/1).

leaving(Config) -> goes_while_global_works(Config, fun(Groot) -> 0 = cluster:stop_groot(Groot) end).

goes_while_global_works(Config, Stop) ->
    Groot = visible(groot, Config),
    during(Config, fun() -> Stop(Groot) end),
    global_works(Config).

flapping(Config) ->
    during(Config, fun() ->
        [
            begin
                Groot = visible(groot, Config),
                cluster:kill_groot(Groot)
            end
         || _ <- lists:seq(1, 5)
        ]
    end),
    global_works(Config).

%% One link is gone while the node and the peer at its other end see everyone else.
cut_from_one_of_two(Config) ->
    [A, B, _] = beams(Config),
    Groot = visible(groot, Config),
    during(Config, fun() ->
        cluster:forgive(A, "groot@.*rejected"),
        true = cluster:call(B, rpc, call, [Groot, erlang, set_cookie, [A, of_another_cluster]]),
        true = cluster:call(B, rpc, call, [Groot, erlang, disconnect_node, [A]]),
        await:equal(false, fun() -> lists:member(Groot, cluster:call(A, erlang, nodes, [])) end)
    end),
    global_works(Config),
    true = lists:member(Groot, cluster:call(B, erlang, nodes, [])),
    false = lists:member(Groot, cluster:call(A, erlang, nodes, [])),
    true = cluster:call(B, rpc, call, [Groot, erlang, set_cookie, [A, list_to_atom(cluster:cookie())]]),
    await:equal(true, fun() -> lists:member(Groot, cluster:call(A, erlang, nodes, [])) end),
    global_works(Config).

%% Names are exchanged with a BEAM node that comes and goes as if we were not there.
peer_joins_and_leaves(Config) ->
    [A, B, _] = beams(Config),
    Groot = visible(groot, Config),
    Holder = cluster:on(A, fun() -> hold_name(for_the_newcomer) end),
    D = cluster:peer(d, no_groot),
    %% What global logs when any BEAM node leaves, with us or without.
    [cluster:forgive(Node, "'d@") || Node <- beams(Config)],
    true = cluster:call(D, net_kernel, connect_node, [B]),
    cluster:await_connected(Groot, [D]),
    ok = cluster:call(D, global, sync, []),
    await:equal(Holder, fun() -> cluster:call(D, global, whereis_name, [for_the_newcomer]) end),
    cluster:call(A, erlang, exit, [Holder, kill]),
    cluster:stop_peer(D),
    await:equal([false, false], fun() -> [lists:member(D, cluster:call(Node, erlang, nodes, [])) || Node <- [A, B]] end),
    global_works(Config).

%% A BEAM node that connects to ours alone finds the others as through a BEAM node.
seed_of_a_newcomer(Config) ->
    [A | _] = Beams = beams(Config),
    Groot = visible(groot, Config),
    Holder = cluster:on(A, fun() -> hold_name(for_the_newcomer) end),
    D = cluster:peer(d, no_groot),
    [cluster:forgive(Node, "'d@") || Node <- Beams],
    true = cluster:call(D, net_kernel, connect_node, [Groot]),
    Expected = lists:sort([Groot | Beams]),
    await:equal(Expected, fun() -> lists:sort(cluster:call(D, erlang, nodes, [])) end, ?FOUND_MS),
    await:equal(Holder, fun() -> cluster:call(D, global, whereis_name, [for_the_newcomer]) end),
    cluster:call(A, erlang, exit, [Holder, kill]),
    cluster:stop_peer(D),
    await:equal([false || _ <- Beams], fun() ->
        [lists:member(D, cluster:call(Node, erlang, nodes, [])) || Node <- Beams]
    end),
    global_works(Config).

%% ------------------------------------------------------------------ what global takes

%% Each operation on each BEAM node takes what it takes without us. What else the machine does may
%% spoil one measurement, or two.
global_works(Config) -> global_works(Config, 3).

global_works(Config, Attempts) ->
    Measured = [measured(Node, beams(Config)) || Node <- beams(Config)],
    case too_slow(Measured, Config) of
        [] -> ok;
        _ when Attempts > 1 -> global_works(Config, Attempts - 1);
        Slow -> error({slower_than_alone, Slow, proplists:get_value(alone, Config)})
    end.

too_slow(Measured, Config) ->
    Medians = medians(Measured),
    Longest = longest(Measured),
    Alone = proplists:get_value(alone, Config),
    Busier = max(1, maps:get(round_trip, Medians) / maps:get(round_trip, Alone)),
    ct:log("medians ~p~nlongest ~p~nalone ~p~nbusier ~p", [Medians, Longest, Alone, Busier]),
    [
        Each
     || Each = {Operation, Median} <- maps:to_list(Medians),
        Median > (maps:get(Operation, Alone) + ?SLOWER_MS) * Busier
    ] ++
        [{longest, Each} || Each = {_, Time} <- maps:to_list(Longest), Time > ?LONGEST_MS].

%% Act() while a BEAM node uses global without a pause. One: several would wait for each other.
during(Config, Act) ->
    [A, B | _] = beams(Config),
    Worker = cluster:on(A, fun() -> start_measuring(B) end),
    Act(),
    [] = too_slow([cluster:on(A, fun() -> stop_measuring(Worker) end)], Config).

measured(Node, Beams) ->
    [Other | _] = Beams -- [Node],
    cluster:on(Node, fun() -> lists:append([one_round(N, Other) || N <- lists:seq(1, ?ROUNDS)]) end).

start_measuring(Other) ->
    spawn(fun() -> measuring(1, Other, []) end).

measuring(N, Other, Measured) ->
    receive
        {stop, Pid} -> Pid ! {self(), Measured}
    after 0 -> measuring(N + 1, Other, one_round(N, Other) ++ Measured)
    end.

stop_measuring(Worker) ->
    Monitor = monitor(process, Worker),
    Worker ! {stop, self()},
    receive
        {Worker, Measured} -> demonitor(Monitor, [flush]), Measured;
        {'DOWN', Monitor, process, Worker, Reason} -> error(Reason)
    end.

%% [{Operation, Milliseconds}]. Other: a BEAM node.
one_round(N, Other) ->
    Name = {node(), N},
    Id = {{lock, node()}, self()},
    [
        {Operation, milliseconds(Act)}
     || {Operation, Act} <- [
            {round_trip, fun() -> pong = net_adm:ping(Other) end},
            {register_name, fun() -> yes = global:register_name(Name, self()) end},
            {whereis_name, fun() -> true = self() =:= global:whereis_name(Name) end},
            {unregister_name, fun() -> global:unregister_name(Name) end},
            {set_lock, fun() -> true = global:set_lock(Id, [node() | nodes()], 0) end},
            {del_lock, fun() -> true = global:del_lock(Id) end},
            {trans, fun() -> done = global:trans(Id, fun() -> done end) end},
            {sync, fun() -> ok = global:sync() end}
        ]
    ].

milliseconds(Act) ->
    Began = erlang:monotonic_time(microsecond),
    Act(),
    (erlang:monotonic_time(microsecond) - Began) / 1_000.

medians(Measured) ->
    maps:map(fun(_, Times) -> lists:nth((length(Times) + 1) div 2, lists:sort(Times)) end, by_operation(Measured)).

longest(Measured) ->
    maps:map(fun(_, Times) -> lists:max(Times) end, by_operation(Measured)).

by_operation(Measured) ->
    maps:groups_from_list(fun({Operation, _}) -> Operation end, fun({_, Time}) -> Time end, lists:append(Measured)).

%% ------------------------------------------------------------------ helpers

beams(Config) -> proplists:get_value(beams, Config).

%% Waits until every BEAM node has it, and global there has settled.
visible(Name, Config) ->
    Beams = [A | _] = beams(Config),
    Groot = cluster:groot(Name, ["--visibility", "visible", "--connect", atom_to_list(A)]),
    [await:true(fun() -> lists:member(Groot, cluster:call(Node, erlang, nodes, [])) end, 6_000) || Node <- Beams],
    Groot.

%% One connection has one controlling process or port from its beginning to its end.
links(Node, Beams) ->
    lists:sort([Link || Link = {Peer, _} <- cluster:call(Node, erlang, system_info, [dist_ctrl]), lists:member(Peer, Beams)]).

hold_name(Name) ->
    keeper:start(fun() -> yes = global:register_name(Name, self()) end).
