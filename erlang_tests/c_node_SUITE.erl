%% A C node that is made with erl_interface. It understands answers and ticks and nothing else: what
%% it did not ask for it takes for an error of the connection, and c_node ends with a status of 1.
-module(c_node_SUITE).

-export([all/0, suite/0, init_per_testcase/2, end_per_testcase/2]).
-export([beside_a_hidden_node/1, beside_a_tapping_node/1, beside_a_visible_node/1, one_that_we_dial/1]).

-define(C1, 'c1@127.0.0.1').
%% A link that is silent for so long ends.
-define(TICKTIME_S, 4).
%% Longer than that, and than the time in which all that nodes ask each other is asked again.
-define(QUIET_MS, 5_500).
-define(ANSWERED_MS, 10_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [beside_a_hidden_node, beside_a_tapping_node, beside_a_visible_node, one_that_we_dial].

init_per_testcase(_Case, Config) ->
    cluster:start(Config, #{beam_args => ["-kernel", "net_ticktime", integer_to_list(?TICKTIME_S)]}),
    [{a, cluster:peer(a, v0_1)} | Config].

end_per_testcase(_Case, _Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

beside_a_hidden_node(Config) ->
    uses_groot(Config, c_node("connect", groot(Config, ["--hidden-feed", "announce"]))).

beside_a_tapping_node(Config) ->
    uses_groot(Config, c_node("connect", groot(Config, ["--hidden-feed", "tap"]))).

beside_a_visible_node(Config) ->
    uses_groot(Config, c_node("connect", groot(Config, ["--visibility", "visible"]))).

one_that_we_dial(Config) ->
    Groot = groot(Config, []),
    CNode = c_node("accept", Groot),
    os_program:await_line(CNode, "^waiting$", ?ANSWERED_MS),
    true = groot_api:call(Groot, net_kernel, connect_node, [?C1]),
    uses_groot(Config, CNode).

groot(Config, Args) ->
    A = proplists:get_value(a, Config),
    Groot = cluster:groot(
        groot, ["--connect", atom_to_list(A), "--net-ticktime", integer_to_list(?TICKTIME_S) | Args]
    ),
    cluster:await_connected(Groot, [A]),
    Groot.

c_node(How, Groot) ->
    {ok, CNode} = os_program:start_link(
        groot_program:test_program("c_node"),
        [How, atom_to_list(Groot), cluster:cookie(), integer_to_list(?QUIET_MS)],
        [{"ERL_EPMD_PORT", integer_to_list(cluster:epmd_port())}]
    ),
    CNode.

%% It gets its answers, and hears nothing of what goes on between the others meanwhile.
uses_groot(Config, CNode) ->
    A = proplists:get_value(a, Config),
    [Groot] = cluster:groots(),
    os_program:await_line(CNode, "^calls answered$", ?ANSWERED_MS),
    true = lists:member(?C1, groot_api:call(Groot, erlang, nodes, [hidden])),
    groot_api:await_value([A], {c1, 1}, v),
    groot_api:await_value([A], {c1, 2}, w),
    [ok = groot_api:set(Node, {during, Node}, 1) || Node <- [A, Groot]],
    [groot_api:await_value([A, Groot], {during, Node}, 1) || Node <- [A, Groot]],
    os_program:await_line(CNode, "^ticks: [1-9]", ?QUIET_MS + ?ANSWERED_MS),
    0 = os_program:await_exit(CNode, ?ANSWERED_MS),
    groot_api:await_value([A], {c1, 3}, x).
