%% Clusters of two to eight nodes: stock nodes of several versions, visible and hidden nodes of ours.
-module(mixed_SUITE).

-export([all/0, groups/0, suite/0]).
-export([init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([
    writes_reach_all/1,
    deletes_reach_all/1,
    a_newcomer_is_told_everything/1,
    a_stock_node_is_cut_off_and_comes_back/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
%% Twice the longest time between two full states.
-define(CONVERGED_MS, 40_000).

suite() -> [{timetrap, {seconds, 180}}].

all() -> [{group, Group} || {Group, _, _} <- groups()].

groups() ->
    Cases = [
        writes_reach_all,
        deletes_reach_all,
        a_newcomer_is_told_everything,
        a_stock_node_is_cut_off_and_comes_back
    ],
    [{Group, [], Cases} || Group <- [two, four, eight, overlapping_partitions, short_names]].

%% {Versions of the stock nodes, visibilities of ours, options of the cluster}.
plan(two) -> {[v0_1], ["visible"], #{}};
plan(four) -> {[v0_1, with_delete], ["visible", "hidden"], #{}};
plan(eight) ->
    {[v0_1, v0_1_new_clock, with_delete, with_delete], ["visible", "visible", "hidden", "hidden"], #{}};
plan(overlapping_partitions) ->
    {[v0_1, with_delete], ["visible", "hidden"],
        #{beam_args => ["-kernel", "prevent_overlapping_partitions", "false"]}};
plan(short_names) ->
    {ok, Full} = inet:gethostname(),
    {[v0_1, with_delete], ["visible", "hidden"],
        #{host => hd(string:split(Full, ".")), long_names => false}}.

init_per_group(Group, Config) ->
    {Versions, Visibilities, Options} = plan(Group),
    cluster:start(Config, Options),
    %% Asks for the tests, and is never cut off.
    cluster:set_console(cluster:peer(console, no_groot, ["-hidden"])),
    [First | Others] =
        Stock = cluster:peers([
            {name("stock", N), cluster:preferably(Version)} || {N, Version} <- lists:enumerate(Versions)
        ]),
    [true = cluster:call(First, net_kernel, connect_node, [Other]) || Other <- Others],
    Ours = [join(name("ours", N), Visibility, First) || {N, Visibility} <- lists:enumerate(Visibilities)],
    [{stock, Stock}, {ours, Ours} | Config].

end_per_group(_Group, _Config) -> cluster:stop().

end_per_testcase(_Case, _Config) -> cluster:verdict().

writes_reach_all(Config) ->
    All = nodes_of(Config),
    [ok = groot_api:set(Writer, {by, Writer}, Writer) || Writer <- All],
    [groot_api:await_value(All, {by, Writer}, Writer, ?CONVERGED_MS) || Writer <- All],
    ok.

deletes_reach_all(Config) ->
    All = nodes_of(Config),
    [First | _] = proplists:get_value(stock, Config),
    [
        begin
            ok = groot_api:set(First, {doomed, Ours}, 1),
            groot_api:await_value(All, {doomed, Ours}, 1, ?CONVERGED_MS),
            ok = groot_api:delete(Ours, {doomed, Ours}),
            groot_api:await_value(All, {doomed, Ours}, nil, ?CONVERGED_MS)
        end
     || Ours <- proplists:get_value(ours, Config)
    ],
    %% Also after the full states of all stock nodes have gone round.
    [cluster:call(Peer, erlang, send, [?STORAGE, sync_timeout]) || Peer <- proplists:get_value(stock, Config)],
    await:holds(
        fun() ->
            lists:all(
                fun(Node) -> groot_api:get(Node, {doomed, hd(proplists:get_value(ours, Config))}) =:= nil end,
                All
            )
        end,
        500
    ).

a_newcomer_is_told_everything(Config) ->
    All = nodes_of(Config),
    [First | _] = proplists:get_value(stock, Config),
    ok = groot_api:set(First, before, 1),
    groot_api:await_value(All, before, 1, ?CONVERGED_MS),
    [
        begin
            Newcomer = join(newcomer, Visibility, First),
            groot_api:await_value([Newcomer], before, 1, ?CONVERGED_MS),
            ok = groot_api:set(Newcomer, {by, Visibility}, 1),
            groot_api:await_value(All, {by, Visibility}, 1, ?CONVERGED_MS),
            0 = cluster:stop_groot(Newcomer)
        end
     || Visibility <- ["visible", "hidden"]
    ],
    ok.

%% A cut is made as test kits make it: another cookie on either side, and a disconnect.
a_stock_node_is_cut_off_and_comes_back(Config) ->
    All = nodes_of(Config),
    Lone = lists:last(proplists:get_value(stock, Config)),
    Others = All -- [Lone],
    Ours = proplists:get_value(ours, Config),
    Writer = hd(Ours),
    cut(Lone, Others),
    ok = groot_api:set(Lone, alone, 1),
    ok = groot_api:set(Writer, together, 2),
    groot_api:await_value(Others, together, 2, ?CONVERGED_MS),
    nil = groot_api:get(Lone, together),
    heal(Lone, Others),
    groot_api:await_value(All, alone, 1, ?CONVERGED_MS),
    groot_api:await_value(All, together, 2, ?CONVERGED_MS).

%% ------------------------------------------------------------------ helpers

name(Kind, N) -> list_to_atom(Kind ++ integer_to_list(N)).

nodes_of(Config) -> proplists:get_value(ours, Config) ++ proplists:get_value(stock, Config).

join(Name, Visibility, First) ->
    Node = cluster:groot(Name, ["--visibility", Visibility, "--connect", atom_to_list(First)]),
    await:true(fun() -> lists:member(Node, cluster:call(First, erlang, nodes, [connected])) end),
    Node.

cut(Lone, Others) ->
    [cluster:forgive(Peer, "connection attempt|Connection attempt|disconnect") || Peer <- cluster:beams()],
    [true = cluster:call(Lone, erlang, set_cookie, [Other, of_another_cluster]) || Other <- Others],
    [cluster:call(Lone, erlang, disconnect_node, [Other]) || Other <- Others],
    await:equal([], fun() -> cluster:call(Lone, erlang, nodes, [connected]) end).

heal(Lone, Others) ->
    Cookie = list_to_atom(cluster:cookie()),
    [true = cluster:call(Lone, erlang, set_cookie, [Other, Cookie]) || Other <- Others],
    [
        await:equal(true, fun() -> cluster:call(Lone, net_kernel, connect_node, [Other]) end)
     || Other <- Others
    ],
    ok.
