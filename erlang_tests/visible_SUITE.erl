%% A visible node is to the BEAM nodes around it one of their own: seen, monitored, iterated over,
%% pushed to.
-module(visible_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    is_seen_like_any_node/1,
    node_monitors_fire/1,
    broadcasts_are_answered_at_once/1,
    unknown_names_in_broadcasts/1,
    pg_is_unaffected/1,
    monitors_and_links/1,
    nodes_as_a_beam_tells_them/1,
    nothing_is_asked_of_the_peers/1,
    state_goes_both_ways_on_nodeup/1,
    writes_go_both_ways_within_milliseconds/1,
    periodic_states_are_heard/1,
    periodic_states_are_answered/1,
    clocks_go_both_ways/0,
    clocks_go_both_ways/1,
    storage_process_gets_its_data_back/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(CLOCK, 'Elixir.Groot.Clock').
%% What must not wait for a time-out takes no longer, also on a busy machine.
-define(AT_ONCE_MS, 1_000).
%% The median; a push is a message, and nothing is waited for.
-define(LATENCY_MS, 5).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        is_seen_like_any_node,
        node_monitors_fire,
        broadcasts_are_answered_at_once,
        unknown_names_in_broadcasts,
        pg_is_unaffected,
        monitors_and_links,
        nodes_as_a_beam_tells_them,
        nothing_is_asked_of_the_peers,
        state_goes_both_ways_on_nodeup,
        writes_go_both_ways_within_milliseconds,
        periodic_states_are_heard,
        periodic_states_are_answered,
        clocks_go_both_ways,
        storage_process_gets_its_data_back
    ].

init_per_suite(Config) -> cluster:start_pair(Config, #{quiet => true}).

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(_Case, Config) ->
    [{groot, start_groot(Config)} | Config].

start_groot(Config) ->
    Groot = cluster:groot(groot, ["--visibility", "visible", "--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Groot, [a(Config), b(Config)]),
    Groot.

end_per_testcase(_Case, Config) -> cluster:tidy([a(Config), b(Config)]).

%% ------------------------------------------------------------------ seen

is_seen_like_any_node(Config) ->
    [A, B, Groot] = nodes_of(Config),
    [
        begin
            true = lists:member(Groot, cluster:call(Peer, erlang, nodes, [])),
            [] = cluster:call(Peer, erlang, nodes, [hidden]),
            {ok, normal} = cluster:call(Peer, net_kernel, node_info, [Groot, type]),
            pong = cluster:call(Peer, net_adm, ping, [Groot])
        end
     || Peer <- [A, B]
    ],
    ok.

node_monitors_fire(Config) ->
    [A, _, Groot] = nodes_of(Config),
    Watchers = [cluster:on(A, fun() -> node_watcher:start(Options) end) || Options <- [[], [{node_type, all}, nodedown_reason]]],
    Seen = fun() -> [cluster:on(A, fun() -> node_watcher:seen(Watcher) end) || Watcher <- Watchers] end,
    cluster:kill_groot(Groot),
    await:equal(
        [[{nodedown, Groot}], [{nodedown, Groot, [{node_type, visible}, {nodedown_reason, connection_closed}]}]],
        fun() -> [[without_order(Event) || Event <- Events] || Events <- Seen()] end
    ),
    Groot = start_groot(Config),
    await:equal(
        [[{nodeup, Groot}], [{nodeup, Groot, [{node_type, visible}]}]],
        fun() -> [tl(Events) || Events <- Seen()] end
    ).

without_order({nodedown, Node, Info}) -> {nodedown, Node, lists:sort(Info)};
without_order(Event) -> Event.

%% Each library that iterates over nodes() reaches the node, and gets its answer.
broadcasts_are_answered_at_once(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cluster:on(A, fun() ->
        ok = 'Elixir.Groot':set(broadcast, 1),
        [await:equal(1, fun() -> rpc:call(Node, 'Elixir.Groot', get, [broadcast]) end) || Node <- [B, Groot]],
        {[1, 1, 1], []} = at_once(fun() -> rpc:multicall([A, B, Groot], 'Elixir.Groot', get, [broadcast]) end),
        {Names, []} = at_once(fun() -> rpc:multicall(erlang, node, []) end),
        true = lists:member(Groot, Names),
        [{ok, A}, {ok, B}, {ok, Groot}] = at_once(fun() -> erpc:multicall([A, B, Groot], erlang, node, []) end),
        abcast = at_once(fun() -> gen_server:abcast(?STORAGE, {update_registers, #{}}) end),
        {Wiped, []} = at_once(fun() -> gen_server:multi_call(?STORAGE, delete_all) end),
        [{A, ok}, {B, ok}, {Groot, ok}] = lists:sort(Wiped),
        nil = rpc:call(Groot, 'Elixir.Groot', get, [broadcast])
    end),
    ok.

unknown_names_in_broadcasts(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cluster:on(A, fun() ->
        {[], Bad} = at_once(fun() -> gen_server:multi_call(nodes(), no_such_name, hello) end),
        [B, Groot] = lists:sort(Bad),
        {Failed, []} = at_once(fun() -> rpc:multicall(nodes(), no_such_module, f, []) end),
        [{badrpc, {'EXIT', {undef, _}}}, {badrpc, {'EXIT', {undef, _}}}] = Failed,
        [{error, {exception, undef, _}}, {error, {exception, undef, _}}] =
            at_once(fun() -> erpc:multicall(nodes(), no_such_module, f, []) end),
        abcast = at_once(fun() -> gen_server:abcast(nodes(), no_such_name, hello) end),
        [] = at_once(fun() -> erpc:multicast(nodes(), no_such_module, f, []), [] end)
    end),
    %% The BEAM nodes log the crash that they were asked for: where it happened, and where who asked
    %% for it is.
    [cluster:forgive(Peer, "no_such_module") || Peer <- [A, B]],
    [await:true(fun() -> cluster:call(Peer, peer_log, events, []) =/= [] end) || Peer <- [A, B]],
    ok.

at_once(Act) ->
    Began = erlang:monotonic_time(millisecond),
    Outcome = Act(),
    Took = erlang:monotonic_time(millisecond) - Began,
    {true, _} = {Took =< ?AT_ONCE_MS, {took_ms, Took}},
    Outcome.

%% A scope that runs on the peers, before the node comes and while it does.
pg_is_unaffected(Config) ->
    [A, B, Groot] = nodes_of(Config),
    cluster:kill_groot(Groot),
    Member = cluster:on(A, fun() -> join(scope, group) end),
    Other = cluster:on(B, fun() -> join(scope, group) end),
    Groot = start_groot(Config),
    Members = lists:sort([Member, Other]),
    [
        begin
            await:equal(Members, fun() -> lists:sort(cluster:call(Peer, pg, get_members, [scope, group])) end),
            Late = cluster:on(Peer, fun() -> join(late_scope, group) end),
            await:true(fun() -> lists:member(Late, cluster:call(Peer, pg, get_members, [late_scope, group])) end)
        end
     || Peer <- [A, B]
    ],
    await:equal(2, fun() -> length(cluster:call(A, pg, get_members, [late_scope, group])) end),
    [
        [true = cluster:call(Peer, erlang, exit, [cluster:call(Peer, erlang, whereis, [Scope]), kill]) || Scope <- [scope, late_scope]]
     || Peer <- [A, B]
    ],
    ok.

join(Scope, Group) ->
    case pg:start(Scope) of
        {ok, _} -> ok;
        {error, {already_started, _}} -> ok
    end,
    Member = spawn(fun() ->
        receive
            stop -> ok
        end
    end),
    ok = pg:join(Scope, Group, Member),
    Member.

monitors_and_links(Config) ->
    [A, _, Groot] = nodes_of(Config),
    Watching = cluster:on(A, fun() ->
        Pid = rpc:call(Groot, erlang, whereis, [?STORAGE]),
        like_beam:in_process(fun() ->
            Missing = monitor(process, {no_such_name, Groot}),
            {{no_such_name, Groot}, noproc} = like_beam:down(Missing),
            Watched = monitor(process, {?STORAGE, Groot}),
            true = demonitor(Watched, [info]),
            process_flag(trap_exit, true),
            true = link(Pid),
            true = unlink(Pid)
        end),
        watch(Groot, Pid)
    end),
    Pid = cluster:on(A, fun() -> rpc:call(Groot, erlang, whereis, [?STORAGE]) end),
    [] = cluster:on(A, fun() -> node_watcher:seen(Watching) end),
    cluster:kill_groot(Groot),
    await:equal(
        lists:sort([
            {down, {?STORAGE, Groot}, noconnection},
            {down, Pid, noconnection},
            {exit, Pid, noconnection},
            {nodedown, Groot}
        ]),
        fun() -> lists:sort([short(Event) || Event <- cluster:on(A, fun() -> node_watcher:seen(Watching) end)]) end
    ).

watch(Groot, Pid) ->
    node_watcher:start_with(fun() ->
        true = link(Pid),
        _ = monitor(process, Pid),
        _ = monitor(process, {?STORAGE, Groot}),
        true = monitor_node(Groot, true)
    end).

short({'DOWN', _, process, What, Reason}) -> {down, What, Reason};
short({'EXIT', Pid, Reason}) -> {exit, Pid, Reason};
short(Event) -> Event.

%% The node, asked by remote call, tells of its connections what a BEAM in its place does.
nodes_as_a_beam_tells_them(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Hidden = cluster:peer(shy, no_groot, ["-hidden"]),
    Gone = cluster:peer(gone, no_groot),
    [pong = cluster:call(Each, net_adm, ping, [Node]) || Each <- [Hidden, Gone], Node <- [B, Groot]],
    cluster:stop_peer(Gone),
    Kinds = [visible, hidden, connected, this, known, [], [hidden, visible], [this, hidden, hidden], [known, this]],
    %% What else the BEAM has heard of since it runs is no business of this test.
    Roles = #{A => a, B => b, Groot => b, Hidden => shy, Gone => gone},
    Told = fun(Node) ->
        [
            {Kind, lists:sort([maps:get(Each, Roles#{Node => self}) || Each <- nodes_of(A, Node, Kind), is_map_key(Each, Roles)])}
         || Kind <- Kinds
        ]
    end,
    [await:true(fun() -> not lists:member(Gone, nodes_of(A, Node, visible)) end) || Node <- [B, Groot]],
    like_beam:same(Told(B), Told(Groot)),
    cluster:stop_peer(Hidden).

nodes_of(Asking, Node, Kind) -> cluster:call(Asking, rpc, call, [Node, erlang, nodes, [Kind]]).

%% ------------------------------------------------------------------ pushed to

%% No announcement, no poll, no tap: the storage process of a peer runs only when something is sent.
nothing_is_asked_of_the_peers(Config) ->
    [A, _, Groot] = nodes_of(Config),
    ok = groot_api:set(A, asked, 1),
    groot_api:await_value([Groot], asked, 1),
    cluster:on(A, fun() ->
        Storage = whereis(?STORAGE),
        1 = erlang:trace(Storage, true, ['receive']),
        ok = await:holds(fun() -> not has_received_from(Groot) end, 1_500),
        1 = erlang:trace(Storage, false, ['receive'])
    end),
    {status, _, _, [_, _, _, Debug, _]} = cluster:call(A, sys, get_status, [?STORAGE]),
    [] = Debug,
    ok.

%% A plain {nodeup, _} here is A's own net_kernel's at most, of another node.
has_received_from(Groot) ->
    receive
        {trace, _, 'receive', {nodeup, Groot}} -> true;
        {trace, _, 'receive', {system, _, _}} -> true;
        {trace, _, 'receive', _} -> has_received_from(Groot)
    after 0 -> false
    end.

state_goes_both_ways_on_nodeup(Config) ->
    [A, B, Groot] = nodes_of(Config),
    ok = groot_api:set(A, {before, stock}, 1),
    groot_api:await_value([Groot], {before, stock}, 1),
    cluster:kill_groot(Groot),
    [ok = groot_api:set(A, {stock, N}, N) || N <- lists:seq(1, 100)],
    Groot = start_groot(Config),
    groot_api:await_value([Groot], {before, stock}, 1, 2_000),
    [groot_api:await_value([Groot], {stock, N}, N, 2_000) || N <- [1, 50, 100]],
    %% And a peer that comes hears all that we have.
    New = cluster:peer(new, v0_1, ["-connect_all", "false"]),
    pong = cluster:call(New, net_adm, ping, [Groot]),
    groot_api:await_value([New], {stock, 100}, 100, 5_000),
    cluster:stop_peer(New),
    await:true(fun() -> lists:member(Groot, cluster:call(B, erlang, nodes, [])) end).

writes_go_both_ways_within_milliseconds(Config) ->
    [A, B, Groot] = nodes_of(Config),
    Medians = cluster:on(A, fun() ->
        [ok = 'Elixir.Groot':set({register, N}, N) || N <- lists:seq(1, 1_000)],
        await:equal(1_000, fun() -> rpc:call(Groot, 'Elixir.Groot', get, [{register, 1_000}]) end),
        [
            {Way, lists:nth(26, lists:sort([milliseconds(Write, Read, N) || N <- lists:seq(1, 51)]))}
         || {Way, Write, Read} <- [
                {from_stock, fun 'Elixir.Groot':set/2, fun(K) -> gen_server:call({?STORAGE, Groot}, {get, K}) end},
                {to_stock, fun(K, V) -> gen_server:call({?STORAGE, Groot}, {set, K, V}) end, fun 'Elixir.Groot':get/1}
            ]
        ]
    end),
    ct:comment("~p", [Medians]),
    [{true, _} = {Median =< ?LATENCY_MS, Medians} || {_, Median} <- Medians],
    %% What was written last is everywhere.
    Last = groot_api:get(A, timed),
    groot_api:await_value([B, Groot], timed, Last).

%% Runs in a stock peer. A spin, so that no poll interval is measured.
milliseconds(Write, Read, N) ->
    Value = {timed, N, make_ref()},
    Began = erlang:monotonic_time(),
    ok = Write(timed, Value),
    spin(Read, Value, Began + erlang:convert_time_unit(5, second, native)),
    (erlang:monotonic_time() - Began) / erlang:convert_time_unit(1, millisecond, native).

spin(Read, Value, Deadline) ->
    case Read(timed) of
        Value -> ok;
        _ -> true = erlang:monotonic_time() < Deadline, spin(Read, Value, Deadline)
    end.

%% What the node has lost comes back with a peer's next full state.
periodic_states_are_heard(Config) ->
    [A, _, Groot] = nodes_of(Config),
    ok = groot_api:set(A, heard_again, 1),
    groot_api:await_value([Groot], heard_again, 1),
    ok = groot_api:gen_call(Groot, delete_all),
    nil = groot_api:get(Groot, heard_again),
    cluster:call(A, erlang, send, [?STORAGE, sync_timeout]),
    groot_api:await_value([Groot], heard_again, 1, 2_000).

%% And what a peer lacks, which its own full state shows, is sent to it.
periodic_states_are_answered(Config) ->
    [A, _, Groot] = nodes_of(Config),
    ok = groot_api:set(Groot, lacking, 1),
    groot_api:await_value([A], lacking, 1),
    %% 0.1.x has no delete: absence is loss.
    ok = cluster:call(A, gen_server, call, [?STORAGE, delete_all]),
    nil = groot_api:get(A, lacking),
    await:equal(
        1,
        fun() ->
            cluster:call(A, erlang, send, [?STORAGE, {nodeup, Groot}]),
            groot_api:get(A, lacking)
        end,
        15_000
    ).

%% A peer that knows nobody else follows our clock, and we follow its.
%% Every three seconds a clock goes to one peer, which chance chooses.
clocks_go_both_ways() -> [{timetrap, {seconds, 270}}].
clocks_go_both_ways(Config) ->
    Groot = groot(Config),
    Lone = cluster:peer(lone, v0_1, ["-connect_all", "false"]),
    pong = cluster:call(Lone, net_adm, ping, [Groot]),
    true = lists:member(Groot, cluster:call(Lone, erlang, nodes, [])),
    [
        begin
            Ahead = time_of(From, Lone) + Step,
            {ok, _} = clock(From, {recv_timestamp, stamp(Ahead)}, Lone),
            await:true(fun() -> time_of(To, Lone) >= Ahead end, 120_000)
        end
     || {From, To, Step} <- [{Groot, Lone, 60_000}, {Lone, Groot, 60_000}]
    ],
    cluster:stop_peer(Lone).

clock(Node, Request, Console) ->
    cluster:call(Console, gen_server, call, [{?CLOCK, Node}, Request]).

time_of(Node, Console) ->
    {ok, #{time := Time}} = clock(Node, send_timestamp, Console),
    Time.

stamp(Time) ->
    #{'__struct__' => 'Elixir.HLClock.Timestamp', time => Time, counter => 0, node_id => 77}.

storage_process_gets_its_data_back(Config) ->
    [A, _, Groot] = nodes_of(Config),
    ok = groot_api:set(Groot, kept, 1),
    groot_api:await_value([A], kept, 1),
    cluster:kill_storage(A),
    groot_api:await_value([A], kept, 1, 5_000),
    ok = groot_api:set(A, after_death, 2),
    groot_api:await_value([Groot], after_death, 2, 2_000).

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

groot(Config) -> proplists:get_value(groot, Config).

nodes_of(Config) -> [a(Config), b(Config), groot(Config)].
