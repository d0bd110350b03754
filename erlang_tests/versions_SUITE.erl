%% Every version of Groot in one cluster, with a peer that runs none and two nodes of ours.
-module(versions_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1]).
-export([init_per_testcase/2, end_per_testcase/2]).
-export([
    writes_of_all_reach_all/1,
    delete_reads_nil_on_all/1,
    nobody_brings_back_what_was_deleted/1,
    expiry_reads_nil_on_all/1,
    nothing_that_kills_is_sent/1,
    delete_of_one_version_does_not_spread_death/1,
    wipe_on_0_1_is_an_order/1,
    absence_with_delete_is_a_delete/1,
    absence_right_after_a_write_is_nothing/1,
    peer_without_groot_is_left_alone/1,
    nodes_of_ours_agree/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        writes_of_all_reach_all,
        delete_reads_nil_on_all,
        nobody_brings_back_what_was_deleted,
        expiry_reads_nil_on_all,
        nothing_that_kills_is_sent,
        delete_of_one_version_does_not_spread_death,
        wipe_on_0_1_is_an_order,
        absence_with_delete_is_a_delete,
        absence_right_after_a_write_is_nothing,
        peer_without_groot_is_left_alone,
        nodes_of_ours_agree
    ].

%% The peers know each other only through us: stock nodes with delete would kill those without, and
%% nobody but us carries a write from one to another.
init_per_suite(Config) ->
    cluster:start(Config, #{beam_args => ["-connect_all", "false"]}),
    Versions = [V || V <- [v0_1, v0_1_new_clock, with_delete, no_groot], cluster:available(V)],
    Peers = cluster:peers([{V, V} || V <- Versions]),
    Connect = lists:append([["--connect", atom_to_list(Peer)] || Peer <- Peers]),
    [{peers, lists:zip(Versions, Peers)}, {connect, Connect} | Config].

end_per_suite(_Config) -> cluster:stop().

init_per_testcase(Case, Config) ->
    case needs(Case) -- [Version || {Version, _} <- proplists:get_value(peers, Config)] of
        [] ->
            Connect = proplists:get_value(connect, Config),
            One = cluster:groot(one, Connect),
            Two = cluster:groot(two, Connect),
            Peers = [Peer || {_, Peer} <- proplists:get_value(peers, Config)],
            [cluster:await_connected(Ours, Peers) || Ours <- [One, Two]],
            [{one, One}, {two, Two} | Config];
        _ ->
            {skip, "the real Groot comes in one version"}
    end.

needs(absence_with_delete_is_a_delete) -> [with_delete];
needs(absence_right_after_a_write_is_nothing) -> [with_delete];
needs(delete_of_one_version_does_not_spread_death) -> [with_delete];
needs(_Case) -> [].

end_per_testcase(_Case, Config) ->
    cluster:tidy([Peer || {_, Peer} <- proplists:get_value(peers, Config)]).

writes_of_all_reach_all(Config) ->
    All = all_groots(Config),
    [ok = groot_api:set(Writer, {by, Writer}, Writer) || Writer <- All],
    [groot_api:await_value(All, {by, Writer}, Writer, 25_000) || Writer <- All],
    ok.

delete_reads_nil_on_all(Config) ->
    All = all_groots(Config),
    [First | _] = stock(Config),
    ok = groot_api:set(First, doomed, 1),
    groot_api:await_value(All, doomed, 1, 25_000),
    ok = groot_api:delete(one(Config), doomed),
    groot_api:await_value(All, doomed, nil),
    %% And after every stock node has sent all it has to us.
    [cluster:call(Peer, erlang, send, [?STORAGE, {nodeup, Ours}])
     || Peer <- stock(Config), Ours <- [one(Config), two(Config)]],
    await:holds(fun() -> lists:all(fun(Node) -> groot_api:get(Node, doomed) =:= nil end, All) end, 300).

%% Each version in turn has lost its memory of the delete, is given the value again as by a node that
%% missed it, and tells everybody.
nobody_brings_back_what_was_deleted(Config) ->
    Ours = [one(Config), two(Config)],
    All = all_groots(Config),
    [
        begin
            Key = {doomed, Peer},
            ok = groot_api:set(one(Config), Key, 1),
            groot_api:await_value(All, Key, 1, 25_000),
            #{Key := Old} = groot_api:registers(Peer),
            ok = groot_api:delete(one(Config), Key),
            groot_api:await_value(All, Key, nil),
            1 = cluster:on(Peer, fun() ->
                ok = gen_server:call(?STORAGE, delete_all),
                ok = gen_server:cast(?STORAGE, {update_register, Old}),
                _ = sys:get_state(?STORAGE),
                Back = 'Elixir.Groot':get(Key),
                [?STORAGE ! {nodeup, Each} || Each <- Ours],
                [gen_server:cast({?STORAGE, Each}, {update_register, Old}) || Each <- Ours],
                Back
            end),
            await:holds(fun() -> [nil, nil] =:= [groot_api:get(Each, Key) || Each <- Ours] end, 300),
            groot_api:await_value(All, Key, nil, 25_000)
        end
     || Peer <- stock(Config)
    ],
    ok.

expiry_reads_nil_on_all(Config) ->
    All = all_groots(Config),
    ok = groot_api:set(one(Config), brief, 1, 1_500),
    groot_api:await_value(All, brief, 1, 1_400),
    groot_api:await_value(All, brief, nil, 5_000).

%% end_per_testcase proves that no process died; what could have killed one went by first.
nothing_that_kills_is_sent(Config) ->
    All = all_groots(Config),
    [Peer | _] = stock(Config),
    [
        begin
            ok = groot_api:set(Ours, Key, 1),
            ok = groot_api:set(Ours, Key, 2, 50),
            ok = groot_api:delete(Ours, Key)
        end
     || Ours <- [one(Config), two(Config)], Key <- ["charlist", [], [a], key, 1, <<"k">>]
    ],
    %% Unknown requests to us do not travel on.
    groot_api:cast(one(Config), {propagate_delete, key}),
    groot_api:cast(one(Config), {propagate_delete, "charlist"}),
    groot_api:cast(one(Config), {nonsense, 1}),
    ok = groot_api:set(Peer, afterwards, 1),
    groot_api:await_value(All, afterwards, 1, 25_000),
    [
        [] = [Key || Key <- maps:keys(groot_api:registers(Each)), is_list(Key)]
     || Each <- stock(Config)
    ],
    ok.

%% A propagate_delete that reaches us is a delete for all, in a form that the others survive.
delete_of_one_version_does_not_spread_death(Config) ->
    All = all_groots(Config),
    WithDelete = peer(with_delete, Config),
    ok = groot_api:set(WithDelete, propagated, 1),
    groot_api:await_value(All, propagated, 1, 25_000),
    groot_api:cast(one(Config), {propagate_delete, propagated}),
    groot_api:await_value(All, propagated, nil).

wipe_on_0_1_is_an_order(Config) ->
    Old = peer(v0_1, Config),
    ok = groot_api:set(one(Config), absent, 1),
    groot_api:await_value([Old, two(Config)], absent, 1, 25_000),
    shown(Old, [one(Config), two(Config)]),
    {_, []} = cluster:call(Old, gen_server, multi_call, [[Old], ?STORAGE, delete_all]),
    groot_api:await_value([one(Config), two(Config), Old], absent, nil, 30_000).

absence_with_delete_is_a_delete(Config) ->
    New = peer(with_delete, Config),
    ok = groot_api:set(one(Config), absent, 1),
    groot_api:await_value([New | all_groots(Config)], absent, 1, 25_000),
    shown(New, [one(Config), two(Config)]),
    ok = groot_api:delete(New, absent),
    groot_api:await_value(all_groots(Config), absent, nil, 25_000).

%% A full state that was under way when we wrote says nothing about what we wrote.
absence_right_after_a_write_is_nothing(Config) ->
    New = peer(with_delete, Config),
    [One, Two] = [one(Config), two(Config)],
    [
        begin
            Stale = groot_api:registers(New),
            ok = groot_api:set(One, {fresh, N}, N),
            groot_api:cast(One, {update_registers, Stale}),
            N = groot_api:get(One, {fresh, N})
        end
     || N <- lists:seq(1, 20)
    ],
    [groot_api:await_value([New, One, Two], {fresh, N}, N, 25_000) || N <- lists:seq(1, 20)],
    ok.

peer_without_groot_is_left_alone(Config) ->
    Without = peer(no_groot, Config),
    ok = groot_api:set(one(Config), unheeded, 1),
    groot_api:await_value(stock(Config), unheeded, 1, 25_000),
    undefined = cluster:call(Without, erlang, whereis, [?STORAGE]),
    pong = cluster:call(Without, net_adm, ping, [one(Config)]),
    ok.

nodes_of_ours_agree(Config) ->
    [One, Two] = [one(Config), two(Config)],
    ok = groot_api:set(One, agreed, 1),
    ok = groot_api:delete(Two, never_there),
    ok = groot_api:set(Two, agreed_too, {2, [self()]}),
    await:true(
        fun() ->
            Held = groot_api:registers(One),
            is_map_key(agreed_too, Held) andalso Held =:= groot_api:registers(Two)
        end,
        25_000
    ).

%% ------------------------------------------------------------------ helpers

one(Config) -> proplists:get_value(one, Config).

two(Config) -> proplists:get_value(two, Config).

peer(Version, Config) -> proplists:get_value(Version, proplists:get_value(peers, Config)).

stock(Config) ->
    [Peer || {Version, Peer} <- proplists:get_value(peers, Config), Version =/= no_groot].

all_groots(Config) -> [one(Config), two(Config) | stock(Config)].

%% After this, Ours have merged a full state that Peer sent now.
shown(Peer, Ours) ->
    Marker = {marker, make_ref()},
    ok = groot_api:set(Peer, Marker, 1),
    [cluster:call(Peer, erlang, send, [?STORAGE, {nodeup, Each}]) || Each <- Ours],
    groot_api:await_value(Ours, Marker, 1).
