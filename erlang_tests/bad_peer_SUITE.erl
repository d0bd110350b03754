%% Peers that know the cookie and then break the protocol, or want to cost us memory. Every case ends
%% with the same question, witness:changes_nothing/2.
-module(bad_peer_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, end_per_testcase/2]).
-export([
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
    exit_reasons_that_hold_a_state/1
]).
-import(witness, [a/1, b/1, changes_nothing/2, changes_nothing/3, in_order/1, end_connection/2, noise/2, logged/2]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(EVE, <<"eve@127.0.0.1">>).
%% A refusal needs no waiting.
-define(AT_ONCE_MS, 2_000).
-define(REG_SEND, 6).

suite() -> [{timetrap, {seconds, 60}}].

all() ->
    [
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
        exit_reasons_that_hold_a_state
    ].

init_per_suite(Config) -> witness:start(Config).

end_per_suite(_Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

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
    Count = 2_000_000,
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

%% A server that crashed ends with all that it held. Nobody here looks into that.
exit_reasons_that_hold_a_state(Config) ->
    Reason = {crashed, lists:duplicate(2_000_000, {})},
    changes_nothing(Config, 64 * 1024, fun(Groot) ->
        Peer = raw_peer:connect(Groot, ?EVE),
        Us = raw_peer:pid(Peer),
        Nobody = raw_peer:pid(#{name => atom_to_binary(Groot)}),
        raw_peer:send(Peer, {28, Us, Nobody, raw_peer:reference(Peer)}, Reason),
        raw_peer:send(Peer, {24, Us, Nobody}, Reason),
        raw_peer:send(Peer, {3, Us, Nobody, Reason}),
        true = raw_peer:is_alive(Peer),
        raw_peer:close(Peer)
    end).

%% ------------------------------------------------------------------ helpers

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
