%% What a kit for testing partitions does to a cluster, from a node that only looks on: it gives a
%% set of nodes another cookie by remote call and has them drop the others, and later gives the
%% cookie back. Nodes of ours are nodes like any other to it.
-module(partition_kit_SUITE).

-export([all/0, groups/0, suite/0]).
-export([init_per_group/2, end_per_group/2, init_per_testcase/2, end_per_testcase/2]).
-export([
    ours_alone/1,
    ours_with_one_peer/1,
    ours_left_behind/1,
    each_for_itself/1,
    short_and_often/1,
    two_of_ours_apart/1
]).

suite() -> [{timetrap, {seconds, 90}}].

all() -> [{group, visible}, {group, hidden}].

groups() ->
    Cases = [ours_alone, ours_with_one_peer, ours_left_behind, each_for_itself, short_and_often],
    [{visible, [], Cases ++ [two_of_ours_apart]}, {hidden, [], Cases}].

init_per_group(Visibility, Config) ->
    Started = cluster:start_pair(Config, #{}),
    Kit = cluster:peer(kit, no_groot, ["-hidden"]),
    cluster:set_console(Kit),
    [{kit, Kit}, {visibility, atom_to_list(Visibility)} | Started].

end_per_group(_Group, _Config) -> cluster:stop().

init_per_testcase(_Case, Config) ->
    [{groot, start_groot(groot, Config)} | Config].

start_groot(Name, Config) ->
    [A, B, Kit] = [proplists:get_value(Key, Config) || Key <- [a, b, kit]],
    Groot = cluster:groot(Name, [
        "--visibility", proplists:get_value(visibility, Config), "--connect", atom_to_list(A)
    ]),
    cluster:await_connected(Groot, [A, B]),
    pong = cluster:call(Kit, net_adm, ping, [Groot]),
    Groot.

%% Whatever a case that failed has left: the cluster is whole again.
end_per_testcase(_Case, Config) ->
    [A, B, Kit] = [proplists:get_value(Key, Config) || Key <- [a, b, kit]],
    Cookie = list_to_atom(cluster:cookie()),
    [true = cluster:call(On, erlang, set_cookie, [Node, Cookie]) || Node <- [A, B], On <- [Node, Kit]],
    await:true(fun() -> cluster:call(A, net_kernel, connect_node, [B]) end),
    cluster:tidy([proplists:get_value(Key, Config) || Key <- [a, b, kit]]).

ours_alone(Config) ->
    [A, B, Groot] = nodes_of(Config),
    partitioned([[Groot], [A, B]], Config).

ours_with_one_peer(Config) ->
    [A, B, Groot] = nodes_of(Config),
    partitioned([[B, Groot], [A]], Config).

%% Nobody gives us another cookie, nor gives us one back.
ours_left_behind(Config) ->
    [A, B, Groot] = nodes_of(Config),
    partitioned([[B], [A, Groot]], Config).

each_for_itself(Config) ->
    [A, B, Groot] = nodes_of(Config),
    partitioned([[A], [Groot], [B]], Config).

short_and_often(Config) ->
    [A, B, Groot] = nodes_of(Config),
    [
        begin
            partition(Parts, Config),
            [ok = groot_api:set(Node, {short, Round, Node}, Round) || Node <- [A, B, Groot]],
            heal(Parts, Config),
            [groot_api:await_value([A, B, Groot], {short, Round, Node}, Round, 30_000) || Node <- [A, B, Groot]]
        end
     || {Round, Parts} <- lists:enumerate([[[Groot], [A, B]], [[B], [A, Groot]], [[A], [B, Groot]]])
    ],
    ok.

two_of_ours_apart(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Other = start_groot(other, Config),
    cluster:await_connected(Groot, [A, B]),
    await:true(fun() -> lists:member(Other, connected(Groot)) end),
    partitioned([[Groot, A], [Other, B]], Config).

%% ------------------------------------------------------------------ the kit

partitioned(Parts, Config) ->
    All = lists:append(Parts),
    Everywhere = {everywhere, Parts},
    ok = groot_api:set(hd(All), Everywhere, 1),
    groot_api:await_value(All, Everywhere, 1),
    partition(Parts, Config),
    %% Each part is of one mind, and does not hear the others.
    [ok = groot_api:set(hd(Part), {said_in, Parts, Part}, Part) || Part <- Parts],
    [ok = groot_api:set(lists:last(Part), Everywhere, Part) || Part <- Parts],
    [groot_api:await_value(Part, {said_in, Parts, Part}, Part) || Part <- Parts],
    await:holds(
        fun() ->
            Heard = [{Node, Part} || Part <- Parts, Node <- All -- Part, groot_api:get(Node, {said_in, Parts, Part}) =/= nil],
            Heard =:= [] orelse error({heard, Heard, [{Node, connected(Node)} || Node <- All]})
        end,
        1_000
    ),
    Last = lists:last(Parts),
    ok = groot_api:set(hd(Last), Everywhere, last),
    heal(Parts, Config),
    [groot_api:await_value(All, {said_in, Parts, Part}, Part, 30_000) || Part <- Parts],
    groot_api:await_value(All, Everywhere, last, 30_000),
    %% Not by a detour alone: all have found each other again.
    [
        await:equal([], fun() -> (All -- [Node]) -- connected(Node) end, 10_000)
     || Node <- All
    ],
    ok.

%% All but the last part get a cookie of their own; every node drops those of the other parts.
partition(Parts, Config) ->
    All = lists:append(Parts),
    [cluster:forgive(Node, "rejected|challenge|not responding|groot@|other@") || Node <- cluster:beams()],
    [
        set_cookie(Node, list_to_atom("cookie_of_part_" ++ integer_to_list(N)), Config)
     || {N, Part} <- lists:enumerate(lists:droplast(Parts)), Node <- Part
    ],
    [by_kit(Node, erlang, disconnect_node, [Other], Config) || Part <- Parts, Node <- Part, Other <- All -- Part],
    [
        await:equal([], fun() -> [Other || Other <- All -- Part, lists:member(Other, connected(Node))] end)
     || Part <- Parts, Node <- Part
    ],
    ok.

%% A BEAM node does not look for those that it has lost: kits connect them. Nobody does that for us.
heal(Parts, Config) ->
    [set_cookie(Node, list_to_atom(cluster:cookie()), Config) || Part <- lists:droplast(Parts), Node <- Part],
    Beams = [Node || Node <- lists:append(Parts), cluster:is_beam(Node)],
    [true = by_kit(Node, net_kernel, connect_node, [Other], Config) || Node <- Beams, Other <- Beams, Other > Node],
    ok.

set_cookie(Node, Cookie, Config) ->
    true = by_kit(Node, erlang, set_cookie, [Node, Cookie], Config),
    %% The kit stays in touch with all.
    true = cluster:call(proplists:get_value(kit, Config), erlang, set_cookie, [Node, Cookie]).

by_kit(Node, Module, Function, Args, Config) ->
    groot_api:call_from(proplists:get_value(kit, Config), Node, Module, Function, Args).

connected(Node) -> groot_api:call(Node, erlang, nodes, [connected]).

%% ------------------------------------------------------------------ helpers

nodes_of(Config) -> [proplists:get_value(Key, Config) || Key <- [a, b, groot]].
