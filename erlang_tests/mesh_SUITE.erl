%% Visible nodes of ours in the full mesh that a cluster of BEAM nodes is: found through any one
%% node, kept, joined again after every cut, beside hidden ones of either kind.
-module(mesh_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    one_connect_is_enough/1,
    a_node_that_joins_later_is_found/1,
    being_dialled_once_is_enough/1,
    a_cut_link_comes_back/1,
    the_only_peer_comes_back/1,
    hidden_beam_peer_is_heard/1,
    two_visible_nodes_of_ours/1,
    visible_and_hidden_node_of_ours/1,
    hidden_nodes_of_ours_find_each_other/1,
    short_of_two_seconds_after_kill/1,
    replaced_while_its_link_looks_alive/1,
    beam_peer_is_killed_and_started_at_once/1
]).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        one_connect_is_enough,
        a_node_that_joins_later_is_found,
        being_dialled_once_is_enough,
        a_cut_link_comes_back,
        the_only_peer_comes_back,
        hidden_beam_peer_is_heard,
        two_visible_nodes_of_ours,
        visible_and_hidden_node_of_ours,
        hidden_nodes_of_ours_find_each_other,
        short_of_two_seconds_after_kill,
        replaced_while_its_link_looks_alive,
        beam_peer_is_killed_and_started_at_once
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{quiet => true}).

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, Config) -> cluster:tidy([a(Config), b(Config)]).

one_connect_is_enough(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    groot_api:await_mesh([A, B, Groot]).

a_node_that_joins_later_is_found(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    C = cluster:peer(c, v0_1),
    true = cluster:call(C, net_kernel, connect_node, [B]),
    cluster:await_connected(Groot, [C]),
    groot_api:await_mesh([A, B, C, Groot]),
    ok = groot_api:set(C, joined, 1),
    groot_api:await_value([A, B, Groot], joined, 1),
    cluster:stop_peer(C).

%% A BEAM that connects names the nodes that it knows: the mesh is whole at once, without a question.
being_dialled_once_is_enough(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, []),
    true = cluster:call(A, net_kernel, connect_node, [Groot]),
    await:true(fun() -> lists:member(Groot, cluster:call(B, erlang, nodes, [])) end, 2_000),
    groot_api:await_mesh([A, B, Groot]).

a_cut_link_comes_back(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    [
        begin
            true = cluster:call(Peer, erlang, disconnect_node, [Groot]),
            await:true(fun() -> lists:member(Groot, cluster:call(Peer, erlang, nodes, [])) end, 6_000),
            ok = groot_api:set(Peer, cut, N),
            groot_api:await_value([A, B, Groot], cut, N)
        end
     || {N, Peer} <- lists:enumerate([A, B, A])
    ],
    groot_api:await_mesh([A, B, Groot]).

%% It was never named to us, and nobody else sees it: who disconnects is left alone, as by a BEAM. It
%% is kept again when it connects again.
the_only_peer_comes_back(_Config) ->
    Groot = visible(groot, []),
    Lone = cluster:peer(lone, v0_1, ["-connect_all", "false"]),
    SeesUs = fun() -> lists:member(Groot, cluster:call(Lone, erlang, nodes, [])) end,
    true = cluster:call(Lone, net_kernel, connect_node, [Groot]),
    true = cluster:call(Lone, erlang, disconnect_node, [Groot]),
    await:holds(fun() -> not SeesUs() end, 6_000),
    true = cluster:call(Lone, net_kernel, connect_node, [Groot]),
    true = SeesUs(),
    cluster:stop_peer(Lone).

%% The link is hidden when either side is: such a peer sends nothing by itself.
hidden_beam_peer_is_heard(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    Shy = cluster:peer(shy, v0_1, ["-hidden"]),
    pong = cluster:call(Shy, net_adm, ping, [Groot]),
    [] = cluster:call(Shy, erlang, nodes, []),
    ok = groot_api:set(Shy, shy, 1),
    groot_api:await_value([Groot], shy, 1),
    %% Others that it does not know hear it when their own full state shows that they lack it.
    groot_api:await_value([A, B], shy, 1, 25_000),
    ok = groot_api:set(Groot, loud, 2),
    groot_api:await_value([Shy], loud, 2),
    cluster:stop_peer(Shy).

two_visible_nodes_of_ours(Config) ->
    [A, B] = [a(Config), b(Config)],
    [One, Two] = [visible(one, [A]), visible(two, [B])],
    [cluster:await_connected(Each, [A, B]) || Each <- [One, Two]],
    groot_api:await_mesh([A, B, One, Two]),
    everyone_hears_everyone([A, B, One, Two]).

visible_and_hidden_node_of_ours(Config) ->
    [A, B] = [a(Config), b(Config)],
    Visible = visible(seen, [A]),
    Hidden = cluster:groot(unseen, ["--connect", atom_to_list(B)]),
    [cluster:await_connected(Each, [A, B]) || Each <- [Visible, Hidden]],
    await:equal([Hidden], fun() -> nodes_seen(Visible, hidden) end),
    await:equal(lists:sort([A, B, Visible]), fun() -> nodes_seen(Hidden, hidden) end),
    groot_api:await_mesh([A, B, Visible]),
    everyone_hears_everyone([A, B, Visible, Hidden]).

%% Each knows one seed, that no Elixir node does, and none is in anybody's nodes(). A write at one is
%% readable at the others long before they compare what they hold.
hidden_nodes_of_ours_find_each_other(_Config) ->
    Seed = cluster:groot(seed, []),
    Others = [cluster:groot(Name, ["--connect", atom_to_list(Seed)]) || Name <- [hid1, hid2, hid3, hid4]],
    All = [Seed | Others],
    [await:equal([], fun() -> (All -- [Each]) -- nodes_seen(Each, hidden) end, 5_000) || Each <- All],
    [
        begin
            ok = groot_api:set(Writer, written_by, Writer),
            groot_api:await_value(All, written_by, Writer, 2_000)
        end
     || Writer <- Others
    ],
    ok.

%% Killed without a goodbye and started again at once, many times: connected again within two
%% seconds each time, once, with pids that every peer takes for those of the new node.
short_of_two_seconds_after_kill(Config) ->
    [A, B] = [a(Config), b(Config)],
    lists:foldl(
        fun(Round, Last) ->
            Began = erlang:monotonic_time(millisecond),
            Groot = visible(groot, [A]),
            [await:true(fun() -> lists:member(Groot, cluster:call(Peer, erlang, nodes, [])) end, 2_000) || Peer <- [A, B]],
            Took = erlang:monotonic_time(millisecond) - Began,
            {true, _} = {Took =< 2_000, {took_ms, Took}},
            Storage = works_once(Groot, A, B, Round),
            true = Storage =/= Last,
            cluster:kill_groot(Groot),
            Storage
        end,
        none,
        lists:seq(1, 5)
    ),
    ok.

%% The old incarnation stands still with its links open: what a crashed machine leaves.
replaced_while_its_link_looks_alive(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    Before = works_once(Groot, A, B, before),
    Old = cluster:program(Groot),
    os_program:signal(Old, "STOP"),
    cluster:forget(Groot),
    %% epmd forgets the name only because it restarts.
    cluster:stop_epmd(),
    cluster:start_epmd(),
    [await:true(fun() -> is_map_key(Name, cluster:registered_names()) end) || Name <- ["a", "b"]],
    [true = lists:member(Groot, cluster:call(Peer, erlang, nodes, [])) || Peer <- [A, B]],
    Groot = visible(groot, [A, B]),
    await:true(
        fun() ->
            Now = cluster:call(A, rpc, call, [Groot, erlang, whereis, ['Elixir.Groot.Storage'], 1_000]),
            is_pid(Now) andalso Now =/= Before
        end,
        2_000
    ),
    cluster:await_connected(Groot, [A, B]),
    true = Before =/= works_once(Groot, A, B, afterwards),
    os_program:kill(Old),
    works_once(Groot, A, B, alone),
    ok.

%% What we send goes to the new incarnation only: a BEAM drops the link over a link signal to an old
%% pid, and logs that.
beam_peer_is_killed_and_started_at_once(Config) ->
    [A, B] = [a(Config), b(Config)],
    Groot = visible(groot, [A]),
    cluster:await_connected(Groot, [A, B]),
    [cluster:forgive(Peer, "'c@") || Peer <- [A, B]],
    Deaf = raw_peer:serve(<<"deaf">>),
    [
        begin
            C = cluster:peer(c, v0_1),
            true = cluster:call(C, net_kernel, connect_node, [A]),
            await:true(fun() -> lists:member(Groot, cluster:call(C, erlang, nodes, [])) end, 6_000),
            works_once(Groot, C, A, {c, Round}),
            %% Left behind: a link, a monitor, and a call that is not answered yet.
            cluster:on(C, fun() -> leave_something(Groot) end),
            [] = os:cmd("kill -9 " ++ cluster:call(C, os, getpid, [])),
            cluster:stop_peer(C)
        end
     || Round <- lists:seq(1, 3)
    ],
    raw_peer:stop_serving(Deaf),
    _ = works_once(Groot, A, B, alone),
    ok.

leave_something(Groot) ->
    Storage = rpc:call(Groot, erlang, whereis, ['Elixir.Groot.Storage']),
    keeper:start(fun() ->
        true = link(Storage),
        _ = monitor(process, Storage),
        _ = erpc:send_request(Groot, net_kernel, connect_node, ['deaf@127.0.0.1'])
    end).

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

visible(Name, Connect) ->
    cluster:groot(Name, ["--visibility", "visible"] ++ lists:append([["--connect", atom_to_list(Node)] || Node <- Connect])).

nodes_seen(Node, Kind) ->
    lists:sort(groot_api:call(Node, erlang, nodes, [Kind])).

everyone_hears_everyone(Nodes) ->
    [
        begin
            ok = groot_api:set(Node, {said_by, Node}, Node),
            groot_api:await_value(Nodes, {said_by, Node}, Node)
        end
     || Node <- Nodes
    ],
    ok.

%% Calls, links, monitors and writes work, over the one connection that each peer has. The pid of
%% the node's storage process, which tells incarnations apart.
works_once(Groot, A, B, Value) ->
    [
        begin
            true = cluster:connection(Peer, Groot) =/= none,
            pong = cluster:call(Peer, net_adm, ping, [Groot])
        end
     || Peer <- [A, B]
    ],
    Storage = cluster:call(A, rpc, call, [Groot, erlang, whereis, ['Elixir.Groot.Storage']]),
    cluster:on(A, fun() ->
        like_beam:in_process(fun() ->
            true = link(Storage),
            Monitor = monitor(process, Storage),
            nil = gen_server:call(Storage, {get, no_such_key}),
            true = demonitor(Monitor, [flush]),
            true = unlink(Storage)
        end)
    end),
    ok = groot_api:set(A, {works, Value}, Value),
    groot_api:await_value([B, Groot], {works, Value}, Value),
    Storage.

