%% Who connects and is no peer: does not know the cookie, breaks the handshake or never ends it. Every
%% case ends with the same question, witness:changes_nothing/2.
-module(strangers_SUITE).

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
    a_thousand_unfinished_handshakes/1,
    three_thousand_unfinished_handshakes/1,
    unfinished_handshakes_with_few_descriptors/1
]).
-import(witness, [a/1, b/1, changes_nothing/2, in_order/1, end_connection/2, noise/2, logged/2, not_logged/2]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(EVE, <<"eve@127.0.0.1">>).
%% A refusal needs no waiting.
-define(AT_ONCE_MS, 2_000).
%% Each step of a handshake may take 7 s.
-define(HANDSHAKE_MS, 9_000).
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
        a_thousand_unfinished_handshakes,
        three_thousand_unfinished_handshakes,
        unfinished_handshakes_with_few_descriptors
    ].

init_per_suite(Config) -> witness:start(Config).

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

%% ------------------------------------------------------------------ too many

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

%% More than there may be: the last to come get their chance, and nobody else is kept waiting.
three_thousand_unfinished_handshakes(Config) ->
    keeps_nobody_out(Config, 3_000).

%% A node that may have 1,024 files, connections included.
unfinished_handshakes_with_few_descriptors(Config) ->
    Program = filename:join(proplists:get_value(priv_dir, Config), "few_descriptors"),
    ok = file:write_file(Program, ["#!/bin/sh\nulimit -n 1024\nexec \"", groot_program:executable(), "\" \"$@\"\n"]),
    ok = file:change_mode(Program, 8#700),
    Limited = cluster:groot_of(Program, limited, ["--connect", atom_to_list(a(Config))]),
    cluster:await_connected(Limited, [a(Config), b(Config)]),
    [keeps_nobody_out([{groot, Limited} | Config], Count) || Count <- [1_000, 3_000]],
    not_logged(Limited, ["cannot accept"]),
    0 = cluster:stop_groot(Limited),
    ok.

%% They are all closed in the end, without a word from the other side.
keeps_nobody_out(Config, Count) ->
    changes_nothing(Config, fun(Groot) ->
        Sockets = [unfinished(Groot, N) || N <- lists:seq(1, Count)],
        in_order(Config),
        Newcomer = cluster:peer(newcomer, no_groot),
        pong = cluster:call(Newcomer, net_adm, ping, [Groot]),
        true = cluster:call(Newcomer, erlang, disconnect_node, [Groot]),
        cluster:stop_peer(Newcomer),
        [raw_peer:await_closed(Socket, ?HANDSHAKE_MS) || Socket <- Sockets]
    end).

%% Silent, with half a name, or with a name and nothing more.
unfinished(Groot, N) ->
    Socket = raw_peer:open(Groot),
    Name = raw_peer:name_message(<<"eve", (integer_to_binary(N))/binary, "@127.0.0.1">>),
    Whole = <<(byte_size(Name)):16, Name/binary>>,
    %% It may have been closed already, for others that came later.
    _ = gen_tcp:send(Socket, binary:part(Whole, 0, (N rem 3) * byte_size(Whole) div 2)),
    Socket.
