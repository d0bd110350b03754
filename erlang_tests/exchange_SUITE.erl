%% Two nodes of ours, and what goes between them to make them equal: counted on the wire.
-module(exchange_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    after_a_cut_only_the_difference_travels/1,
    a_node_that_joins_empty_is_given_everything/1,
    in_peace_they_say_little/1,
    a_deleted_key_stays_deleted/1,
    a_tombstone_waits_for_a_node_that_may_lack_it/1,
    a_node_of_another_version_is_sent_everything/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(PEER, 'Elixir.Groot.Peer').
-define(SEND, 2).
-define(REG_SEND, 6).
%% A register of this suite takes about as much in a full state.
-define(REGISTER_BYTES, 180).
%% A link that comes up, with all that is asked then, and one round between equals.
-define(QUIET_BYTES, 20_000).

suite() -> [{timetrap, {seconds, 120}}].

all() ->
    [
        after_a_cut_only_the_difference_travels,
        a_node_that_joins_empty_is_given_everything,
        in_peace_they_say_little,
        a_deleted_key_stays_deleted,
        a_tombstone_waits_for_a_node_that_may_lack_it,
        a_node_of_another_version_is_sent_everything
    ].

%% The console runs no Groot: what the two become equal by is their own.
init_per_suite(Config) ->
    cluster:start(Config),
    cluster:set_console(cluster:peer(console, no_groot)),
    Config.

end_per_suite(_Config) -> cluster:stop().

end_per_testcase(_Case, _Config) -> cluster:tidy([cluster:console()]).

after_a_cut_only_the_difference_travels(_Config) ->
    {Near, Far, Wire} = pair(),
    hold(Near, lists:seq(1, 5_000)),
    await_equal(Near, Far),
    cut(Wire, Near, Far),
    [ok = groot_api:set(Near, {near, N}, N) || N <- lists:seq(1, 20)],
    [ok = groot_api:set(Far, {far, N}, N) || N <- lists:seq(1, 20)],
    ok = groot_api:set(Near, both, near),
    ok = groot_api:set(Far, both, far),
    nil = groot_api:get(Far, {near, 1}),
    Before = wire:bytes(Wire, Near),
    wire:heal(Wire, Near),
    await_equal(Near, Far),
    far = groot_api:get(Near, both),
    Took = wire:bytes(Wire, Near) - Before,
    {true, _} = {Took < ?QUIET_BYTES + 2 * 42 * ?REGISTER_BYTES, {took_bytes, Took}}.

a_node_that_joins_empty_is_given_everything(_Config) ->
    {Near, Far, Wire} = pair(),
    hold(Near, lists:seq(1, 30_000)),
    await_equal(Near, Far),
    %% And the other way: whoever is empty, and whoever asks.
    wire:cut(Wire, Near),
    os_program:kill(cluster:program(Near)),
    cluster:forget(Near),
    wire:heal(Wire, Near),
    Again = near(Far),
    await_equal(Again, Far),
    30_000 = map_size(groot_api:registers(Again)).

in_peace_they_say_little(_Config) ->
    {Near, Far, Wire} = pair(),
    hold(Near, lists:seq(1, 100_000)),
    await_equal(Near, Far),
    Before = wire:bytes(Wire, Near),
    %% More than one round, and under 1 KB a second.
    await:holds(fun() -> wire:bytes(Wire, Near) - Before < 25_000 end, 25_000),
    true = wire:bytes(Wire, Near) > Before.

a_deleted_key_stays_deleted(_Config) ->
    {Near, Far, Wire} = pair(),
    hold(Near, lists:seq(1, 100)),
    await_equal(Near, Far),
    cut(Wire, Near, Far),
    ok = groot_api:delete(Near, 7),
    ok = groot_api:set(Far, expiring, 1, 500),
    7 = groot_api:get(Far, 7),
    wire:heal(Wire, Near),
    await_equal(Near, Far),
    groot_api:await_value([Near, Far], expiring, nil),
    [nil, nil] = [groot_api:get(Node, 7) || Node <- [Near, Far]].

%% One of ours that is connected, and has not come to comparing yet.
a_tombstone_waits_for_a_node_that_may_lack_it(_Config) ->
    Near = cluster:groot(near, ["--tombstone-ttl", "1" | connect([cluster:console()])]),
    cluster:await_connected(Near, [cluster:console()]),
    ok = groot_api:set(Near, k, old),
    #{k := Old} = groot_api:registers(Near),
    Slow = raw_peer:connect(Near, <<"aslow@127.0.0.1">>),
    {Caller, Tag} = await_hello(Slow),
    %% As a node with the same secret: it says of itself what ours does.
    Hello = raw_peer:call(Slow, ?PEER, {hello, 4}),
    raw_peer:send(Slow, {?SEND, '', Caller}, {Tag, Hello}),
    ok = groot_api:delete(Near, k),
    #{key := k, value := nil} = await_cast(Slow, update_register),
    await:holds(fun() -> map_size(groot_api:registers(Near)) =:= 1 end, 3_000),
    %% It shows that it missed the delete, and is told once more.
    raw_peer:send(Slow, {?REG_SEND, raw_peer:pid(Slow), '', ?STORAGE}, {'$gen_cast', {update_register, Old}}),
    #{key := k, value := nil} = await_cast(Slow, update_register),
    nil = groot_api:get(Near, k),
    raw_peer:close(Slow),
    await:equal(0, fun() -> map_size(groot_api:registers(Near)) end).

%% Before there was an exchange, a node of ours answered the greeting with another version, or none.
a_node_of_another_version_is_sent_everything(_Config) ->
    Near = cluster:groot(near, connect([cluster:console()])),
    cluster:await_connected(Near, [cluster:console()]),
    hold(Near, lists:seq(1, 1_000)),
    await:equal(1_000, fun() -> map_size(groot_api:registers(Near)) end),
    [
        begin
            Old = raw_peer:connect(Near, Name),
            {Caller, Tag} = await_hello(Old),
            raw_peer:send(Old, {?SEND, '', Caller}, {Tag, Answer}),
            Held = map_size(groot_api:registers(Near)),
            Held = map_size(await_cast(Old, update_registers)),
            ok = groot_api:set(Near, Name, 1),
            #{key := Name, value := 1} = await_cast(Old, update_register),
            raw_peer:close(Old)
        end
     || {Name, Answer} <- [
            {<<"old@127.0.0.1">>, hello},
            {<<"zold@127.0.0.1">>, {hello, 1}},
            {<<"zolder@127.0.0.1">>, {hello, 2}},
            {<<"znew@127.0.0.1">>, {hello, 4, #{}}}
        ]
    ],
    ok.

%% ------------------------------------------------------------------ helpers

%% Near dials far along a wire; far has an epmd of its own, and finds nobody by itself.
pair() ->
    Port = epmd_client:free_port(),
    {ok, _} = os_program:start_link(os:find_executable("epmd"), ["-port", integer_to_list(Port)], []),
    await:true(fun() -> epmd_client:is_up(Port) end),
    Far = cluster:full_name(far),
    Program = cluster:groot_program(far, ["--cookie", cluster:cookie()], [{"ERL_EPMD_PORT", integer_to_list(Port)}]),
    os_program:await_line(Program, "ready: ", 15_000),
    Wire = wire:start_link("far", epmd_client:port_of(Port, "far")),
    Near = near(Far),
    {Near, Far, Wire}.

near(Far) ->
    Near = cluster:groot(near, connect([cluster:console(), Far])),
    cluster:await_connected(Near, [cluster:console()]),
    await:true(fun() -> is_connected(Near, Far) end),
    Near.

connect(Nodes) ->
    lists:append([["--connect", atom_to_list(Node)] || Node <- Nodes]).

cut(Wire, Near, Far) ->
    wire:cut(Wire, Near),
    await:equal([false, false], fun() -> [is_connected(Near, Far), is_connected(Far, Near)] end).

is_connected(Node, Other) ->
    lists:member(Other, groot_api:call(Node, erlang, nodes, [connected])).

%% As if a peer had sent them.
hold(Node, Keys) ->
    Time = erlang:system_time(millisecond),
    Stamp = #{'__struct__' => 'Elixir.HLClock.Timestamp', time => Time, counter => 0, node_id => 1 bsl 60},
    groot_api:cast(Node, {update_registers, maps:from_list([{Key, #{key => Key, value => Key, hlc => Stamp}} || Key <- Keys])}).

%% Every register, down to stamps, tombstones and deadlines.
await_equal(Near, Far) ->
    await:true(
        fun() ->
            Held = groot_api:registers(Near),
            map_size(Held) > 0 andalso Held =:= groot_api:registers(Far)
        end,
        30_000
    ).

await_hello(Old) ->
    case raw_peer:receive_frame(Old) of
        {{?REG_SEND, _, _, ?PEER}, {'$gen_call', From, {hello, _}}} -> From;
        _ -> await_hello(Old)
    end.

await_cast(Old, Kind) ->
    case raw_peer:receive_frame(Old) of
        {{?REG_SEND, _, _, ?STORAGE}, {'$gen_cast', {Kind, Held}}} -> Held;
        _ -> await_cast(Old, Kind)
    end.
