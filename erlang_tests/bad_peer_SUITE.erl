%% Peers that break the protocol, do not know the cookie, or want to cost us memory: nothing of it
%% may be felt by the others. Every case ends with the same question: the links of the BEAM peers
%% are the ones they had, writes still go both ways, a newcomer still gets in, and the node holds
%% neither memory nor files that it did not hold before.
-module(bad_peer_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
    wrong_cookie/1,
    wrong_cookie_of_a_beam/1,
    impersonates_a_connected_peer/1,
    garbage_before_the_handshake/1,
    garbage_for_a_name/1,
    garbage_for_a_challenge_reply/1,
    forges_log_lines/1,
    truncated_handshake/1,
    impostors_that_we_dial/1,
    truncated_frames/1,
    frames_in_pieces/1,
    frame_of_4_gib/1,
    lengths_that_lie/1,
    ten_million_nested_tuples/1,
    nesting_of_other_kinds/1,
    garbage_for_frames/1,
    invalid_control_messages/1,
    stray_control_messages/1,
    asks_and_never_reads/1,
    a_thousand_unfinished_handshakes/1
]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(EVE, <<"eve@127.0.0.1">>).
%% A refusal needs no waiting.
-define(AT_ONCE_MS, 2_000).
%% Each step of a handshake may take 7 s.
-define(HANDSHAKE_MS, 9_000).
%% What malloc and the buffers of a few links may keep.
-define(KEPT_KIB, 16 * 1024).
-define(REG_SEND, 6).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
        wrong_cookie,
        wrong_cookie_of_a_beam,
        impersonates_a_connected_peer,
        garbage_before_the_handshake,
        garbage_for_a_name,
        garbage_for_a_challenge_reply,
        forges_log_lines,
        truncated_handshake,
        impostors_that_we_dial,
        truncated_frames,
        frames_in_pieces,
        frame_of_4_gib,
        lengths_that_lie,
        ten_million_nested_tuples,
        nesting_of_other_kinds,
        garbage_for_frames,
        invalid_control_messages,
        stray_control_messages,
        asks_and_never_reads,
        a_thousand_unfinished_handshakes
    ].

init_per_suite(Config) ->
    Pair = cluster:start_pair(Config, #{}),
    A = proplists:get_value(a, Pair),
    Groot = cluster:groot(groot, ["--connect", atom_to_list(A)]),
    cluster:await_connected(Groot, [A, b(Pair)]),
    [{groot, Groot} | Pair].

end_per_suite(_Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

%% ------------------------------------------------------------------ who does not know the cookie

wrong_cookie(Config) ->
    changes_nothing(Config, fun(Groot) ->
        [refused = raw_peer:connect(Groot, ?EVE, Wrong) || Wrong <- ["open_sesame", "", cluster:cookie() ++ "x"]],
        logged(Groot, "eve@127\\.0\\.0\\.1.*127\\.0\\.0\\.1.*cookie"),
        not_logged(Groot, ["open_sesame", cluster:cookie()])
    end).

wrong_cookie_of_a_beam(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Stranger = cluster:peer(stranger, no_groot),
        true = cluster:call(Stranger, erlang, set_cookie, [Groot, open_sesame]),
        pang = cluster:call(Stranger, net_adm, ping, [Groot]),
        logged(Groot, "stranger@127\\.0\\.0\\.1.*127\\.0\\.0\\.1.*cookie"),
        not_logged(Groot, ["open_sesame", cluster:cookie()]),
        cluster:forgive(Stranger, "groot@127"),
        cluster:stop_peer(Stranger)
    end).

%% Only the cookie proves a name: who merely claims that of a connected node does not replace it.
impersonates_a_connected_peer(Config) ->
    Name = atom_to_binary(a(Config)),
    changes_nothing(Config, fun(Groot) ->
        Silent = claiming(Groot, Name),
        <<"salive">> = raw_peer:receive_message(Silent),
        %% One attempt to replace a link at a time.
        raw_peer:await_closed(claiming(Groot, Name), ?AT_ONCE_MS),
        raw_peer:close(Silent),
        await:true(fun() -> refuses_impostor(Groot, Name) end),
        logged(Groot, "a@127\\.0\\.0\\.1.*127\\.0\\.0\\.1.*cookie"),
        Unwanted = claiming(Groot, Name),
        <<"salive">> = raw_peer:receive_message(Unwanted),
        ok = raw_peer:send_message(Unwanted, raw_peer:status("false")),
        raw_peer:await_closed(Unwanted, ?AT_ONCE_MS)
    end).

claiming(Groot, Name) ->
    Socket = raw_peer:open(Groot),
    ok = raw_peer:send_message(Socket, raw_peer:name_message(Name)),
    Socket.

%% False while the node has not noticed yet that the attempt before is gone.
refuses_impostor(Groot, Name) ->
    Socket = claiming(Groot, Name),
    case raw_peer:receive_message(Socket) of
        <<"salive">> ->
            ok = raw_peer:send_message(Socket, raw_peer:status("true")),
            Challenge = raw_peer:challenge_of(raw_peer:receive_message(Socket)),
            ok = raw_peer:send_message(Socket, raw_peer:challenge_reply("open_sesame", Challenge)),
            closed = raw_peer:receive_message(Socket),
            true;
        closed ->
            false
    end.

%% ------------------------------------------------------------------ broken handshakes

garbage_before_the_handshake(Config) ->
    changes_nothing(Config, fun(Groot) ->
        [
            begin
                Socket = raw_peer:open(Groot),
                _ = gen_tcp:send(Socket, Garbage),
                raw_peer:await_closed(Socket, ?AT_ONCE_MS)
            end
         || Garbage <- [
                <<"GET / HTTP/1.1\r\nHost: groot\r\n\r\n">>,
                <<"\r\n\r\n">>,
                %% A TLS client, a question to epmd, a name in the form of OTP 22.
                <<16#16, 3, 1, 2, 0, 1, 0, 1, 16#FC, 3, 3>>,
                <<0, 1, $n>>,
                <<0, 20, $n, 5:16, 16#0403070F94:32, "eve@127.0.0.1">>,
                <<0:16>>,
                <<0:(8 * 65_536)>>,
                binary:copy(<<255>>, 65_536)
                | noise(20, 65_536)
            ]
        ]
    end).

garbage_for_a_name(Config) ->
    Own = atom_to_binary(proplists:get_value(groot, Config)),
    Complete = 16#D075F5FBC,
    changes_nothing(Config, fun(Groot) ->
        %% Not a name.
        [
            closed = answer_to(Groot, raw_peer:name_message(Name))
         || Name <- [
                <<>>, <<"eve">>, <<"@127.0.0.1">>, <<"eve@">>, <<"@">>, <<"eve@two@127.0.0.1">>,
                binary:copy(<<"e">>, 1_500), <<(binary:copy(<<"e">>, 250))/binary, "@127.0.0.1">>
            ]
        ],
        %% A name that is longer than the message.
        closed = answer_to(Groot, raw_peer:name_message(?EVE, Complete, 16#FFFF)),
        closed = answer_to(Groot, raw_peer:name_message(?EVE, Complete, byte_size(?EVE) + 1)),
        %% Our own, and one without what we cannot do without.
        <<"snot_allowed">> = answer_to(Groot, raw_peer:name_message(Own)),
        <<"snot_allowed">> = answer_to(Groot, raw_peer:name_message(?EVE, 0, byte_size(?EVE)))
    end).

answer_to(Groot, Message) ->
    Socket = raw_peer:open(Groot),
    ok = raw_peer:send_message(Socket, Message),
    Answer = raw_peer:receive_message(Socket),
    Answer =:= closed orelse raw_peer:await_closed(Socket, ?AT_ONCE_MS),
    raw_peer:close(Socket),
    Answer.

garbage_for_a_challenge_reply(Config) ->
    changes_nothing(Config, fun(Groot) ->
        [
            begin
                {Socket, Challenge} = challenged(Groot),
                _ = gen_tcp:send(Socket, Garbage(raw_peer:challenge_reply(cluster:cookie(), Challenge))),
                closed = raw_peer:receive_message(Socket),
                raw_peer:close(Socket)
            end
         || Garbage <- [
                fun(_) -> <<0:16>> end,
                fun(_) -> <<16#FFFF:16, 0:800>> end,
                fun(_) -> <<0, 4, "strue">> end,
                fun(_) -> [<<0, 1>>, $r] end,
                fun(Right) -> [<<(byte_size(Right) - 1):16>>, binary:part(Right, 0, byte_size(Right) - 1)] end,
                fun(Right) -> [<<(byte_size(Right) + 1):16>>, Right, 0] end,
                fun(<<$r, Rest/binary>>) -> [<<(byte_size(Rest) + 1):16>>, $R, Rest] end,
                fun(<<First:20/binary, Last>>) -> [<<21:16>>, First, Last bxor 1] end,
                %% The frame that would follow, but without the proof.
                fun(_) -> raw_peer:frame({?REG_SEND, self(), '', ?STORAGE}, sync_timeout) end
            ]
        ]
    end).

challenged(Groot) ->
    Socket = claiming(Groot, ?EVE),
    <<"sok">> = raw_peer:receive_message(Socket),
    {Socket, raw_peer:challenge_of(raw_peer:receive_message(Socket))}.

%% What a stranger calls itself reaches the log, but not as a line of its own.
forges_log_lines(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Forged = <<"eve\nready: forged\e[2J@127.0.0.1">>,
        Socket = claiming(Groot, Forged),
        raw_peer:receive_message(Socket) =:= closed orelse
            raw_peer:send_message(Socket, <<"nonsense">>),
        raw_peer:await_closed(Socket, ?AT_ONCE_MS),
        refused = raw_peer:connect(Groot, <<"after_the_forger@127.0.0.1">>, "wrong"),
        logged(Groot, "after_the_forger"),
        [] = [Line || Line <- cluster:log_of(Groot), re:run(Line, "^ready: forged|\\e") =/= nomatch]
    end).

%% Cut after every byte, by an orderly end and by a reset.
truncated_handshake(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Name = iolist_to_binary(raw_peer:name_message(?EVE)),
        Whole = <<(byte_size(Name)):16, Name/binary>>,
        [
            begin
                Socket = raw_peer:open(Groot),
                ok = gen_tcp:send(Socket, binary:part(Whole, 0, Bytes)),
                end_connection(Bytes, Socket)
            end
         || Bytes <- lists:seq(0, byte_size(Whole))
        ],
        [
            begin
                {Socket, Challenge} = challenged(Groot),
                Reply = raw_peer:challenge_reply(cluster:cookie(), Challenge),
                ok = gen_tcp:send(Socket, binary:part(<<21:16, Reply/binary>>, 0, Bytes)),
                end_connection(Bytes, Socket)
            end
         || Bytes <- lists:seq(0, 22)
        ]
    end).

end_connection(Number, Connection) when Number rem 2 =:= 0 -> raw_peer:close(Connection);
end_connection(_Number, Connection) -> raw_peer:reset(Connection).

%% The other way round: a node that epmd knows, that we dial, and that is not what it should be.
impostors_that_we_dial(Config) ->
    Beam = a(Config),
    changes_nothing(Config, fun(Groot) ->
        [
            begin
                Serving = raw_peer:serve(<<"impostor">>),
                Dialling = spawn_monitor(fun() ->
                    exit({connected, groot_api:call_from(
                        Beam, Groot, net_kernel, connect_node, ['impostor@127.0.0.1']
                    )})
                end),
                Socket = raw_peer:accept(Serving),
                <<$N, _/binary>> = raw_peer:receive_message(Socket),
                Play(Socket),
                {connected, false} = outcome(Dialling),
                raw_peer:close(Socket),
                raw_peer:stop_serving(Serving)
            end
         || Play <- [
                fun raw_peer:close/1,
                fun(Socket) -> gen_tcp:send(Socket, <<0:16>>) end,
                fun(Socket) -> gen_tcp:send(Socket, binary:copy(<<"S">>, 10_000)) end,
                fun(Socket) -> raw_peer:send_message(Socket, raw_peer:status("welcome")) end,
                fun(Socket) -> raw_peer:send_message(Socket, raw_peer:status("not_allowed")) end,
                fun(Socket) -> raw_peer:send_message(Socket, raw_peer:status("named:eve")) end,
                fun(Socket) -> challenge(Socket, <<"somebody_else@127.0.0.1">>) end,
                fun(Socket) -> raw_peer:send_message(Socket, <<$N, 0:64>>) end,
                fun answers_without_the_cookie/1,
                fun echoes_the_proof/1
            ]
        ],
        logged(Groot, "impostor@127\\.0\\.0\\.1.*cookie"),
        not_logged(Groot, [cluster:cookie(), "open_sesame"])
    end).

challenge(Socket, Name) ->
    ok = raw_peer:send_message(Socket, raw_peer:status("ok")),
    ok = raw_peer:send_message(Socket, raw_peer:challenge_message(Name, 4711)).

answers_without_the_cookie(Socket) ->
    challenge(Socket, <<"impostor@127.0.0.1">>),
    Theirs = raw_peer:challenge_of(raw_peer:receive_message(Socket)),
    ok = raw_peer:send_message(Socket, [$a, raw_peer:digest("open_sesame", Theirs)]).

%% Sends back the digest that it was sent.
echoes_the_proof(Socket) ->
    challenge(Socket, <<"impostor@127.0.0.1">>),
    <<$r, _Theirs:32, Digest:16/binary>> = raw_peer:receive_message(Socket),
    ok = raw_peer:send_message(Socket, [$a, Digest]).

outcome({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, Outcome} -> Outcome
    end.

%% ------------------------------------------------------------------ broken frames

%% Cut after any byte: nothing of the frame counts. The whole frame does.
truncated_frames(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Whole = iolist_to_binary(update_frame(truncated)),
        [
            begin
                Peer = raw_peer:connect(Groot, ?EVE),
                raw_peer:send_bytes(Peer, binary:part(Whole, 0, Bytes)),
                end_connection(Bytes, Peer)
            end
         || Bytes <- [1, 2, 3, 4, 5, 6 | lists:seq(7, byte_size(Whole) - 1, 7)]
        ],
        Last = raw_peer:connect(Groot, ?EVE),
        raw_peer:send_bytes(Last, binary:part(Whole, 0, byte_size(Whole) - 1)),
        raw_peer:close(Last),
        Peer = raw_peer:connect(Groot, ?EVE),
        true = raw_peer:is_alive(Peer),
        nil = groot_api:get(Groot, truncated),
        raw_peer:send_bytes(Peer, Whole),
        true = raw_peer:is_alive(Peer),
        sent_raw = groot_api:get(Groot, truncated),
        raw_peer:close(Peer)
    end).

%% Slow is not wrong.
frames_in_pieces(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Peer = raw_peer:connect(Groot, ?EVE),
        Frame = iolist_to_binary([update_frame(in_pieces), <<0:32>>, update_frame(after_pieces)]),
        [raw_peer:send_bytes(Peer, <<Byte>>) || <<Byte>> <= Frame],
        true = raw_peer:is_alive(Peer),
        [sent_raw, sent_raw] = [groot_api:get(Groot, Key) || Key <- [in_pieces, after_pieces]],
        raw_peer:close(Peer)
    end).

frame_of_4_gib(Config) ->
    changes_nothing(Config, fun(Groot) ->
        [
            begin
                Peer = raw_peer:connect(Groot, ?EVE),
                raw_peer:send_bytes(Peer, [<<Length:32>>, binary:copy(<<112>>, 100_000)]),
                raw_peer:await_closed(Peer, ?AT_ONCE_MS)
            end
         || Length <- [16#FFFFFFFF, 16#80000000, 1 bsl 30 + 1]
        ],
        logged(Groot, "eve@127\\.0\\.0\\.1.*4294967295"),
        %% The longest that is allowed: memory is taken as bytes arrive, not as they are promised.
        Patient = raw_peer:connect(Groot, ?EVE),
        raw_peer:send_bytes(Patient, [<<(1 bsl 30):32>>, binary:copy(<<112>>, 100_000)]),
        in_order(Config),
        raw_peer:close(Patient)
    end).

%% Terms whose lengths promise more than there is.
lengths_that_lie(Config) ->
    Huge = 16#FFFFFFFF,
    changes_nothing(Config, fun(Groot) ->
        [
            closes(Groot, payload_frame(<<131, Term/binary>>))
         || Term <- [
                <<105, Huge:32>>, <<105, Huge:32, 97, 1>>, <<108, Huge:32, 97, 1>>, <<116, Huge:32>>,
                <<109, Huge:32, "bytes">>, <<107, 16#FFFF:16, "chars">>, <<111, Huge:32, 0, 1>>,
                <<110, 255, 0, 1>>, <<77, Huge:32, 1, 0>>, <<77, 1:32, 9, 0>>, <<118, 16#FFFF:16, "atom">>,
                <<119, 255, "atom">>, <<112, Huge:32>>, <<112, 3:32>>, <<90, 16#FFFF:16>>, <<113>>,
                <<70, 0>>, <<88>>, <<82, 0>>, <<68>>, <<200>>, <<>>,
                %% Compressed: a promise of 4 GiB in a few bytes.
                <<80, Huge:32, (zlib:compress(<<97, 1>>))/binary>>
            ]
        ]
    end).

ten_million_nested_tuples(Config) ->
    Count = 10_000_000,
    Nested = [<<131>>, binary:copy(<<104, 1>>, Count), 106],
    changes_nothing(Config, 96 * 1024, fun(Groot) ->
        closes(Groot, payload_frame(Nested)),
        closes(Groot, raw_peer:framed([112, Nested])),
        logged(Groot, "eve@127\\.0\\.0\\.1.*(deep|nest)")
    end).

nesting_of_other_kinds(Config) ->
    Count = 1_000_000,
    changes_nothing(Config, 96 * 1024, fun(Groot) ->
        [
            closes(Groot, payload_frame([<<131>>, Nested]))
         || Nested <- [
                [binary:copy(<<108, 1:32>>, Count), binary:copy(<<106>>, Count + 1)],
                [binary:copy(<<108, 1:32, 106>>, Count), 106],
                [binary:copy(<<105, 1:32>>, Count), 106],
                [binary:copy(<<116, 1:32, 97, 0>>, Count), 106],
                [binary:copy(<<116, 1:32>>, Count), binary:copy(<<106>>, Count + 1)]
            ]
        ]
    end).

garbage_for_frames(Config) ->
    changes_nothing(Config, fun(Groot) ->
        [
            closes(Groot, raw_peer:framed(Garbage))
         || Garbage <- [
                <<0>>, <<112>>, <<112, 131>>, <<131, 68, 0>>, <<131, 69, 1:64, 1:64, 0>>, <<"GET / HTTP/1.1">>,
                %% A control message without the version byte, a message behind the message.
                [112, tl(binary_to_list(term_to_binary({35, 1, self(), self()})))],
                [112, term_to_binary({?REG_SEND, self(), '', x}), term_to_binary(1), term_to_binary(2)]
                | noise(20, 1_000)
            ]
        ]
    end).

%% Each breaks the protocol: the connection ends, and the log says why.
invalid_control_messages(Config) ->
    Us = raw_peer:pid(#{name => ?EVE}),
    Them = raw_peer:pid(#{name => atom_to_binary(proplists:get_value(groot, Config))}),
    Ref = raw_peer:reference(#{name => ?EVE}),
    changes_nothing(Config, fun(Groot) ->
        [
            closes(Groot, raw_peer:frame(Control))
         || Control <- [
                {}, [], an_atom, 6, {an_atom}, {-1}, {0}, {5}, {9}, {99}, {256, Us, Them}, {1 bsl 70}, {1.0, Us, Them},
                {1}, {1, Us}, {1, Us, Them, extra}, {1, Us, an_atom}, {1, 17, Them},
                {3, Us, Them}, {3, an_atom, Them, normal}, {7, Us, 1}, {8, Us, Ref, normal},
                {19, Us, Them}, {19, Us, <<"name">>, Ref}, {19, Us, Them, 17}, {19, Ref, Them, Us},
                {20, Us, 17, Ref}, {21, Them, Us, Ref}, {31, Ref, Us, 1}, {31, 1, Us, 1, Them},
                {35, 0, Us, Them}, {35, -1, Us, Them}, {35, 1 bsl 64, Us, Them}, {35, Us, Them, 1},
                {36, 0, Us, Them}, {29, Ref, Us, Us, {erpc, execute_call, 4}, []},
                %% A message is missing.
                {?REG_SEND, Us, '', ?STORAGE}, {22, Us, Them}, {33, Us, Ref}
            ]
        ],
        [
            closes(Groot, raw_peer:frame(Control, Message))
         || {Control, Message} <- [
                {{1, Us, Them}, unexpected}, {{19, Us, ?STORAGE, Ref}, unexpected}, {{35, 1, Us, Them}, unexpected},
                {{?REG_SEND, Us, ''}, hello}, {{?REG_SEND, Us, '', Them}, hello}, {{?REG_SEND, 1, '', ?STORAGE}, hello},
                {{22, Us, ?STORAGE}, hello}, {{33, Us, Them}, hello},
                {{29, Us, Ref, Us, {erpc, execute_call, 4}, []}, []},
                {{29, Ref, Us, Us, {erpc, execute_call}, []}, []},
                {{29, Ref, Us, Us, {erpc, execute_call, -1}, []}, []},
                {{29, Ref, Us, Us, {1, 2, 3}, []}, []},
                {{29, Ref, Us, Us, erpc, []}, []}
            ]
        ],
        logged(Groot, "eve@127\\.0\\.0\\.1.*operation 99")
    end).

%% Lawful, and about nobody here: the link stays up.
stray_control_messages(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Peer = raw_peer:connect(Groot, ?EVE),
        Us = raw_peer:pid(Peer),
        Nobody = raw_peer:pid(#{name => atom_to_binary(Groot)}),
        Ref = raw_peer:reference(Peer),
        [
            raw_peer:send(Peer, Control)
         || Control <- [
                {3, Us, Nobody, kill}, {8, Us, Nobody, kill}, {4, Us, Nobody}, {7, Us, Nobody},
                {20, Us, Nobody, Ref}, {20, Us, no_such_name, Ref}, {21, no_such_name, Us, Ref, gone},
                {31, Ref, Us, 0, notsup}, {31, Ref, Us, 3, Nobody}, {36, 1, Us, Nobody}
            ]
        ],
        [
            raw_peer:send(Peer, Control, Message)
         || {Control, Message} <- [
                {{2, '', Nobody}, hello}, {{22, Us, Nobody}, hello}, {{?REG_SEND, Us, '', no_such_name}, hello},
                {{24, Us, Nobody}, kill}, {{26, Us, Nobody}, kill}, {{28, Nobody, Us, Ref}, gone},
                {{33, Us, Ref}, hello}
            ]
        ],
        %% These have an answer.
        raw_peer:send(Peer, {19, Us, no_such_name, Ref}),
        {{28, no_such_name, Us, Ref}, noproc} = answer(Peer, 28),
        raw_peer:send(Peer, {19, Us, Nobody, Ref}),
        {{28, Nobody, Us, Ref}, noproc} = answer(Peer, 28),
        raw_peer:send(Peer, {1, Us, Nobody}),
        {{24, Nobody, Us}, noproc} = answer(Peer, 24),
        raw_peer:send(Peer, {35, 17, Us, Nobody}),
        {{36, 17, Nobody, Us}} = answer(Peer, 36),
        raw_peer:send(Peer, {29, Ref, Us, Us, {erpc, execute_call, 4}, [no_such_option]}, [Ref, erlang, node, []]),
        {{31, Ref, Us, 0, badopt}} = answer(Peer, 31),
        true = raw_peer:is_alive(Peer),
        raw_peer:close(Peer)
    end).

%% The next frame with that operation.
answer(Peer, Operation) ->
    Frame = raw_peer:receive_frame(Peer),
    case element(1, element(1, Frame)) of
        Operation -> Frame;
        _ -> answer(Peer, Operation)
    end.

%% ------------------------------------------------------------------ too much

%% 100 times an answer of 8 MiB into a socket that nobody reads: the link ends at its limit.
asks_and_never_reads(Config) ->
    Groot = proplists:get_value(groot, Config),
    ok = groot_api:set(Groot, large, binary:copy(<<7>>, 8 bsl 20)),
    changes_nothing(Config, 320 * 1024, fun(_) ->
        Peer = raw_peer:connect(Groot, ?EVE),
        [
            raw_peer:send(
                Peer,
                {?REG_SEND, raw_peer:pid(Peer), '', ?STORAGE},
                {'$gen_call', {raw_peer:pid(Peer), N}, {get, large}}
            )
         || N <- lists:seq(1, 100)
        ],
        logged(Groot, "eve@127\\.0\\.0\\.1.*does not read"),
        raw_peer:close(Peer)
    end),
    ok = groot_api:set(Groot, large, small),
    groot_api:await_value([a(Config), b(Config)], large, small).

a_thousand_unfinished_handshakes(Config) ->
    changes_nothing(Config, fun(Groot) ->
        Opened = erlang:monotonic_time(millisecond),
        Sockets = [unfinished(Groot, N) || N <- lists:seq(1, 1_000)],
        %% All of them are still there, and nobody else is kept waiting.
        in_order(Config),
        Newcomer = cluster:peer(newcomer, no_groot),
        pong = cluster:call(Newcomer, net_adm, ping, [Groot]),
        true = cluster:call(Newcomer, erlang, disconnect_node, [Groot]),
        cluster:stop_peer(Newcomer),
        [raw_peer:await_closed(Socket, ?HANDSHAKE_MS) || Socket <- Sockets],
        true = erlang:monotonic_time(millisecond) - Opened >= 7_000
    end).

%% Silent, with half a name, or with a name and nothing more.
unfinished(Groot, N) ->
    Socket = raw_peer:open(Groot),
    Name = raw_peer:name_message(<<"eve", (integer_to_binary(N))/binary, "@127.0.0.1">>),
    Whole = <<(byte_size(Name)):16, Name/binary>>,
    ok = gen_tcp:send(Socket, binary:part(Whole, 0, (N rem 3) * byte_size(Whole) div 2)),
    Socket.

%% ------------------------------------------------------------------ helpers

a(Config) -> proplists:get_value(a, Config).

b(Config) -> proplists:get_value(b, Config).

changes_nothing(Config, Act) ->
    changes_nothing(Config, ?KEPT_KIB, Act).

%% Act(Node under test) may make the node take PeakKib for a moment.
changes_nothing(Config, PeakKib, Act) ->
    Groot = proplists:get_value(groot, Config),
    OsPid = os_program:os_pid(cluster:program(Groot)),
    Links = links(Config),
    %% Up to here the links of the case before may still be closing.
    Files = settled(fun() -> proc_fs:open_files(OsPid) end),
    Before = proc_fs:resident_kib(OsPid),
    proc_fs:reset_peak(OsPid),
    Act(Groot),
    in_order(Config),
    Newcomer = raw_peer:connect(Groot, <<"newcomer@127.0.0.1">>),
    true = raw_peer:is_alive(Newcomer),
    raw_peer:close(Newcomer),
    Links = links(Config),
    await:true(fun() -> proc_fs:open_files(OsPid) =< Files end, ?HANDSHAKE_MS),
    After = proc_fs:resident_kib(OsPid),
    Peak = proc_fs:peak_kib(OsPid),
    ct:pal("resident: ~b KiB before, ~b at most, ~b after", [Before, Peak, After]),
    proc_fs:is_sanitized(OsPid) orelse
        begin
            true = Peak =< Before + PeakKib,
            true = After =< Before + ?KEPT_KIB
        end,
    ok.

%% A value that is the same twice in a row, half a second apart.
settled(Read) ->
    Value = Read(),
    try await:holds(fun() -> Read() =:= Value end, 500) of
        ok -> Value
    catch
        error:{badmatch, false} -> settled(Read)
    end.

%% The connections of the BEAM peers to the node: one that was dropped and made again is another.
links(Config) ->
    Groot = proplists:get_value(groot, Config),
    [
        {Beam, [Owner || {Node, Owner} <- cluster:call(Beam, erlang, system_info, [dist_ctrl]), Node =:= Groot]}
     || Beam <- [a(Config), b(Config)]
    ].

%% A write on either side is read on the other.
in_order(Config) ->
    All = [a(Config), b(Config), proplists:get_value(groot, Config)],
    Round = erlang:unique_integer([monotonic]),
    [ok = groot_api:set(Node, {in_order, Node}, Round) || Node <- All],
    [groot_api:await_value(All, {in_order, Node}, Round) || Node <- All],
    ok.

%% Sent after a complete handshake, Bytes make the node close the connection.
closes(Groot, Bytes) ->
    Peer = raw_peer:connect(Groot, ?EVE),
    raw_peer:send_bytes(Peer, Bytes),
    raw_peer:await_closed(Peer, ?AT_ONCE_MS).

payload_frame(Message) ->
    Control = {?REG_SEND, raw_peer:pid(#{name => ?EVE}), '', ?STORAGE},
    raw_peer:framed([112, term_to_binary(Control), Message]).

update_frame(Key) ->
    Stamp = #{
        '__struct__' => 'Elixir.HLClock.Timestamp',
        time => os:system_time(millisecond),
        counter => 0,
        node_id => 1
    },
    raw_peer:frame(
        {?REG_SEND, raw_peer:pid(#{name => ?EVE}), '', ?STORAGE},
        {'$gen_cast', {update_register, #{key => Key, value => sent_raw, hlc => Stamp}}}
    ).

%% The same pieces of noise in every run. As the first bytes of a connection or a frame they are
%% long enough to be whole, whatever length they promise within the limits of a handshake.
noise(Pieces, Bytes) ->
    {Noise, _} = lists:mapfoldl(
        fun(_, State) -> rand:bytes_s(Bytes, State) end, rand:seed_s(exsss, 4711), lists:seq(1, Pieces)
    ),
    Noise.

logged(Groot, Pattern) ->
    os_program:await_line(cluster:program(Groot), Pattern, ?AT_ONCE_MS).

not_logged(Groot, Secrets) ->
    [] = [Line || Line <- cluster:log_of(Groot), Secret <- Secrets, string:find(Line, Secret) =/= nomatch],
    ok.
