%% How links come up and stay up between live BEAM nodes and ours, where the order of names, flags
%% or directions matters. What is refused is in bad_peer_SUITE.
-module(handshake_SUITE).

-export([all/0, suite/0, end_per_testcase/2]).
-export([
    both_dial_at_once/1,
    each_mandatory_flag_is_missed/1,
    flags_that_may_be_missing/1,
    one_way_traffic/1,
    challenge_sent_back/1,
    tls_is_not_spoken/1
]).

-define(ROUNDS, 10).
%% What a BEAM of OTP 26 and later insists on, and so do we: DFLAG_DIST_MANDATORY in dist.hrl.
-define(MANDATORY_BITS, [2, 4, 7, 8, 9, 10, 11, 16, 17, 18, 24, 25, 34]).
-define(COMPLETE, 16#D075F5FBC).
%% Stands for all that OTP 25 made mandatory.
-define(DIGEST_BIT, 26).
-define(EVE, <<"eve@127.0.0.1">>).
-define(TICKTIME_S, 8).
-define(TRAFFIC_MS, 30_000).

suite() -> [{timetrap, {seconds, 120}}].

all() ->
    [
        both_dial_at_once,
        each_mandatory_flag_is_missed,
        flags_that_may_be_missing,
        one_way_traffic,
        challenge_sent_back,
        tls_is_not_spoken
    ].

end_per_testcase(_Case, _Config) ->
    Verdict = cluster:verdict(),
    cluster:stop(),
    Verdict.

%% Of two that dial each other the one with the greater name wins: a BEAM between the two.
both_dial_at_once(Config) ->
    cluster:start(Config),
    Beam = cluster:peer(m, no_groot),
    [
        cross(list_to_atom(First ++ integer_to_list(Round)), Beam)
     || First <- ["a", "z"], Round <- lists:seq(1, ?ROUNDS)
    ],
    ok.

cross(Name, Beam) ->
    Node = cluster:full_name(Name),
    Dialling = cluster:on(Beam, fun() ->
        spawn(fun() -> await:true(fun() -> net_kernel:connect_node(Node) end) end)
    end),
    Node = cluster:groot(Name, ["--visibility", "visible", "--connect", atom_to_list(Beam)]),
    await:equal(undefined, fun() -> cluster:call(Beam, erlang, process_info, [Dialling, status]) end),
    %% One link, and it stays the one.
    Link = cluster:connection(Beam, Node),
    true = Link =/= none,
    pong = cluster:call(Beam, net_adm, ping, [Node]),
    [Beam] = groot_api:call(Node, erlang, nodes, []),
    Link = cluster:connection(Beam, Node),
    0 = cluster:stop_groot(Node).

each_mandatory_flag_is_missed(Config) ->
    cluster:start(Config),
    Groot = cluster:groot(groot),
    Spelt = ?COMPLETE band bnot (1 bsl ?DIGEST_BIT),
    <<"sok">> = status_for(Groot, Spelt),
    [
        {Bit, <<"snot_allowed">>} = {Bit, status_for(Groot, Spelt band bnot (1 bsl Bit))}
     || Bit <- ?MANDATORY_BITS
    ],
    ok.

%% All others, known and unknown ones, are the peer's own affair.
flags_that_may_be_missing(Config) ->
    cluster:start(Config),
    Groot = cluster:groot(groot),
    [
        {Bit, <<"sok">>} = {Bit, status_for(Groot, ?COMPLETE bxor (1 bsl Bit))}
     || Bit <- lists:seq(0, 63) -- ?MANDATORY_BITS
    ],
    ok.

status_for(Groot, Flags) ->
    Socket = raw_peer:open(Groot),
    ok = raw_peer:send_message(Socket, raw_peer:name_message(?EVE, Flags, byte_size(?EVE))),
    Status = raw_peer:receive_message(Socket),
    raw_peer:close(Socket),
    Status.

%% What only one side sends keeps no link up: each side ticks for itself.
one_way_traffic(Config) ->
    cluster:start(Config),
    Ticktime = ["-kernel", "net_ticktime", integer_to_list(?TICKTIME_S)],
    [Talker, Listener] = [cluster:peer(Name, Version, Ticktime) || {Name, Version} <- [{talker, no_groot}, {listener, v0_1}]],
    Groot = cluster:groot(groot, [
        "--visibility", "visible", "--net-ticktime", integer_to_list(?TICKTIME_S),
        "--connect", atom_to_list(Listener)
    ]),
    pong = cluster:call(Talker, net_adm, ping, [Groot]),
    await:true(fun() -> lists:member(Groot, cluster:call(Listener, erlang, nodes, [])) end),
    Links = fun() -> [cluster:connection(Beam, Groot) || Beam <- [Talker, Listener]] end,
    Before = Links(),
    false = lists:member(none, Before),
    await:holds(
        fun() ->
            cluster:on(Talker, fun() -> {nobody, Groot} ! talk end),
            ok = groot_api:set(Groot, talk, erlang:unique_integer()),
            Links() =:= Before
        end,
        ?TRAFFIC_MS
    ).

%% Somebody without the cookie has the name of a node that is dialled. What the dialler is asked to
%% answer there is what it has asked somebody else who wants in: itself.
challenge_sent_back(Config) ->
    cluster:start(Config),
    Dead = raw_peer:serve(<<"dead">>),
    Groot = cluster:groot(groot, ["--connect", "dead@127.0.0.1"]),
    Dialled = raw_peer:accept(Dead),
    <<$N, _/binary>> = raw_peer:receive_message(Dialled),
    ok = raw_peer:send_message(Dialled, raw_peer:status("ok")),
    Socket = raw_peer:open(Groot),
    ok = raw_peer:send_message(Socket, raw_peer:name_message(?EVE)),
    <<"sok">> = raw_peer:receive_message(Socket),
    Challenge = raw_peer:challenge_of(raw_peer:receive_message(Socket)),
    ok = raw_peer:send_message(Dialled, raw_peer:challenge_message(<<"dead@127.0.0.1">>, Challenge)),
    closed = raw_peer:receive_message(Dialled),
    os_program:await_line(cluster:program(Groot), "dead@127.0.0.1.*does not know our cookie.*our own challenge", 5_000),
    raw_peer:close(Socket),
    raw_peer:stop_serving(Dead).

%% A TLS client hello is no name: closed at once, said in one line.
tls_is_not_spoken(Config) ->
    cluster:start(Config),
    Groot = cluster:groot(groot),
    Socket = raw_peer:open(Groot),
    ok = gen_tcp:send(Socket, <<16#16, 3, 1, 2, 0, 1, 0, 1, 16#FC, 3, 3>>),
    raw_peer:await_closed(Socket, 1_000),
    await:true(fun() -> [] =/= [Line || Line <- cluster:log_of(Groot), re:run(Line, "TLS") =/= nomatch] end).
