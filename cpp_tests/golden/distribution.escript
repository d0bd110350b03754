#!/usr/bin/env escript
%%! -kernel logger_level none
%% Writes distribution.txt: what epmd and a BEAM node put on the wire.
%%
%%   ERL_EPMD_PORT=14390 escript distribution.escript > distribution.txt
%%
%% A line is `name hex`. `epmd_` lines are epmd's answers, `handshake_` lines what this node said
%% to a peer played by hand below, without the lengths; numbers that both sides need stand beside
%% them in decimal. `frame_` lines are frames without their length: the ones named `frame_live_`
%% as a BEAM sent them, the others control tuples through term_to_binary. `header_live_` and
%% `fragment_live_` lines are frames to a peer that has FRAGMENTS; `(07*100)` in them stands for a
%% hundred bytes 07.
-define(COOKIE, golden_cookie).
-define(OUR_FLAGS, 16#d075f5fbc).
-define(FRAGMENTS, 16#800000).
-define(OUR_CREATION, 16#10203040).
-define(OUR_CHALLENGE, 16#fedcba98).
-define(PEER, <<"peer@localhost">>).

main([]) ->
    Port = list_to_integer(os:getenv("ERL_EPMD_PORT")),
    os:cmd("epmd -daemon -port " ++ integer_to_list(Port)),
    await_epmd(Port),
    {ok, _} = net_kernel:start([golden@localhost, shortnames]),
    erlang:set_cookie(?COOKIE),
    io:format("cookie ~s~n", [?COOKIE]),
    Alive = epmd(Port),
    {ok, Listen} = gen_tcp:listen(0, [binary, {packet, 2}, {active, false}, {ip, {127,0,0,1}}]),
    accepted_by_beam(Port),
    gen_tcp:close(Alive),
    dialed_by_beam(Port, Listen),
    frames(),
    net_kernel:stop(),
    kill_epmd(Port).

await_epmd(Port) ->
    case gen_tcp:connect({127,0,0,1}, Port, []) of
        {ok, S} -> gen_tcp:close(S);
        {error, econnrefused} -> await_epmd(Port)
    end.

%% Refused as long as epmd has not noticed that the last node is gone.
kill_epmd(Port) ->
    case until_closed(request(Port, <<107>>)) of
        <<"OK">> -> ok;
        <<"NO">> -> kill_epmd(Port)
    end.

%% ---- epmd ----

request(Port, Body) ->
    {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}]),
    ok = gen_tcp:send(S, <<(byte_size(Body)):16, Body/binary>>),
    S.
until_closed(S) -> until_closed(S, <<>>).
until_closed(S, Acc) ->
    case gen_tcp:recv(S, 0, 5000) of
        {ok, More} -> until_closed(S, <<Acc/binary, More/binary>>);
        {error, closed} -> Acc
    end.
alive2(Name, Port, High) ->
    <<120, Port:16, 72, 0, High:16, 5:16, (byte_size(Name)):16, Name/binary, 0:16>>.

epmd(Port) ->
    Alive = request(Port, alive2(<<"peer">>, 4321, 6)),
    {ok, New} = gen_tcp:recv(Alive, 6, 5000),
    line("epmd_alive2_x_resp", New),
    Again = request(Port, alive2(<<"peer">>, 4321, 6)),
    {ok, Taken} = gen_tcp:recv(Again, 6, 5000),
    line("epmd_alive2_taken", Taken),
    gen_tcp:close(Again),
    OldAlive = request(Port, alive2(<<"old">>, 4322, 5)),
    {ok, Old} = gen_tcp:recv(OldAlive, 4, 5000),
    line("epmd_alive2_resp", Old),
    gen_tcp:close(OldAlive),
    line("epmd_port2_resp", until_closed(request(Port, <<122, "peer">>))),
    line("epmd_port2_unknown", until_closed(request(Port, <<122, "nobody">>))),
    Alive.

%% ---- handshake ----

digest(Challenge) ->
    erlang:md5(atom_to_list(?COOKIE) ++ integer_to_list(Challenge)).

accepted_by_beam(EpmdPort) ->
    <<119, 0, Port:16, _/binary>> = until_closed(request(EpmdPort, <<122, "golden">>)),
    Connect = fun(Flags) ->
        {ok, S} = gen_tcp:connect({127,0,0,1}, Port, [binary, {packet, 2}, {active, false}]),
        Name = <<$N, Flags:64, ?OUR_CREATION:32, (byte_size(?PEER)):16, ?PEER/binary>>,
        ok = gen_tcp:send(S, Name),
        S
    end,
    S = Connect(?OUR_FLAGS),
    io:format("our_challenge ~b~n", [?OUR_CHALLENGE]),
    line("handshake_acceptor_status", recv(S)),
    Challenge = recv(S),
    line("handshake_acceptor_challenge", Challenge),
    <<$N, _:64, Theirs:32, _/binary>> = Challenge,
    ok = gen_tcp:send(S, <<$r, ?OUR_CHALLENGE:32, (digest(Theirs))/binary>>),
    line("handshake_acceptor_ack", recv(S)),
    inet:setopts(S, [{packet, 4}]),
    live_frames(S),
    %% The same name once more, while the first connection lives.
    Second = Connect(?OUR_FLAGS bor ?FRAGMENTS),
    line("handshake_acceptor_alive", recv(Second)),
    ok = gen_tcp:send(Second, <<"strue">>),
    <<$N, _:64, Again:32, _/binary>> = recv(Second),
    ok = gen_tcp:send(Second, <<$r, ?OUR_CHALLENGE:32, (digest(Again))/binary>>),
    <<$a, _/binary>> = recv(Second),
    inet:setopts(Second, [{packet, 4}]),
    fragments(Second),
    gen_tcp:close(Second),
    gen_tcp:close(S).

dialed_by_beam(EpmdPort, Listen) ->
    {ok, Port} = inet:port(Listen),
    Alive = request(EpmdPort, alive2(<<"peer2">>, Port, 6)),
    {ok, _} = gen_tcp:recv(Alive, 6, 5000),
    spawn(fun() -> net_kernel:connect_node(peer2@localhost) end),
    {ok, S} = gen_tcp:accept(Listen, 5000),
    line("handshake_initiator_name", recv(S)),
    ok = gen_tcp:send(S, <<"salive">>),
    line("handshake_initiator_alive_reply", recv(S)),
    Peer = <<"peer2@localhost">>,
    ok = gen_tcp:send(S, <<$N, ?OUR_FLAGS:64, ?OUR_CHALLENGE:32, ?OUR_CREATION:32,
                           (byte_size(Peer)):16, Peer/binary>>),
    line("handshake_initiator_challenge_reply", recv(S)),
    gen_tcp:close(S),
    gen_tcp:close(Alive).

recv(S) ->
    {ok, Bytes} = gen_tcp:recv(S, 0, 5000),
    Bytes.
recv_frame(S) ->
    case recv(S) of
        <<>> -> recv_frame(S);
        Frame -> Frame
    end.

live_frames(S) ->
    Peer = peer@localhost,
    spawn(fun() -> catch gen_server:call({net_kernel, Peer}, {is_auth, node()}, 200) end),
    line("frame_live_monitor_name", recv_frame(S)),
    line("frame_live_gen_call", recv_frame(S)),
    line("frame_live_demonitor", recv_frame(S)),
    spawn(fun() -> catch erpc:call(Peer, lists, seq, [1, 3], 200) end),
    line("frame_live_spawn_request", recv_frame(S)),
    Theirs = pid(7, 1),
    Ours = spawn(fun() -> link(Theirs), receive stop -> exit(done) end end),
    line("frame_live_link", recv_frame(S)),
    Ours ! stop,
    line("frame_live_exit", recv_frame(S)),
    gen_server:cast({'Elixir.Groot.Storage', Peer}, {update_register, #{key => k, value => 1}}),
    line("frame_live_cast", recv_frame(S)).

fragments(S) ->
    Storage = {'Elixir.Groot.Storage', peer@localhost},
    gen_server:cast(Storage, {update_register, #{key => k, value => 1}}),
    line("header_live_cast", recv_frame(S)),
    gen_server:cast(Storage, {update_register, #{key => k, value => binary:copy(<<7>>, 70_000)}}),
    line("fragment_live_first", recv_frame(S)),
    line("fragment_live_last", recv_frame(S)).

%% ---- control tuples ----

external(Bytes) -> binary_to_term(<<131, Bytes/binary>>).
pid(Id, Serial) ->
    external(<<88, 119, 14, "peer@localhost", Id:32, Serial:32, ?OUR_CREATION:32>>).
us(Id) -> external(<<88, 119, 9, "beam@host", Id:32, 0:32, 77:32>>).
ref(Words) ->
    external(<<90, (length(Words)):16, 119, 9, "beam@host", 77:32,
               << <<W:32>> || W <- Words >>/binary>>).

frames() ->
    From = us(1), To = pid(2, 3), R = ref([1, 2, 3]), R5 = ref([1, 2, 3, 4, 5]),
    Token = {3, label, 1, From, 0},
    Mfa = {erpc, execute_call, 4},
    Opts = [monitor, link, {priority, high}, {scheduler, 1}],
    Args = [1, 2],
    M = {hello, [1, 2, 3]},
    frame(link, {1, From, To}),
    frame(send, {2, '', To}, M),
    frame(exit, {3, From, To, boom}),
    frame(unlink, {4, From, To}),
    frame(reg_send, {6, From, '', 'Elixir.Groot.Storage'}, M),
    frame(group_leader, {7, From, To}),
    frame(exit2, {8, From, To, boom}),
    frame(send_tt, {12, '', To, Token}, M),
    frame(exit_tt, {13, From, To, Token, boom}),
    frame(reg_send_tt, {16, From, '', 'Elixir.Groot.Storage', Token}, M),
    frame(exit2_tt, {18, From, To, Token, boom}),
    frame(monitor_p_pid, {19, From, To, R}),
    frame(monitor_p_name, {19, From, net_kernel, R5}),
    frame(demonitor_p, {20, From, net_kernel, R5}),
    frame(monitor_p_exit, {21, net_kernel, To, R, noproc}),
    frame(send_sender, {22, From, To}, M),
    frame(send_sender_tt, {23, From, To, Token}, M),
    frame(payload_exit, {24, From, To}, boom),
    frame(payload_exit_tt, {25, From, To, Token}, boom),
    frame(payload_exit2, {26, From, To}, boom),
    frame(payload_exit2_tt, {27, From, To, Token}, boom),
    frame(payload_monitor_p_exit, {28, From, To, R}, noproc),
    frame(spawn_request, {29, R, From, From, Mfa, Opts}, Args),
    frame(spawn_request_tt, {30, R, From, From, Mfa, [], Token}, []),
    frame(spawn_request_odd, {29, R, From, From, Mfa, [monitor, sideways]}, []),
    frame(spawn_reply, {31, R, To, 2, From}),
    frame(spawn_reply_error, {31, R, To, 0, notsup}),
    frame(spawn_reply_tt, {32, R, To, 3, From, Token}),
    frame(alias_send, {33, From, R5}, M),
    frame(alias_send_tt, {34, From, R5, Token}, M),
    frame(unlink_id, {35, 16#ffffffffffffffff, From, To}),
    frame(unlink_id_ack, {36, 5, From, To}).

encode(Term) -> term_to_binary(Term, [{minor_version, 2}]).
frame(Name, Control) ->
    line("frame_" ++ atom_to_list(Name), <<112, (encode(Control))/binary>>).
frame(Name, Control, Message) ->
    line("frame_" ++ atom_to_list(Name),
         <<112, (encode(Control))/binary, (encode(Message))/binary>>).

line(Name, Bytes) ->
    io:format("~s ~s~n", [Name, shortened(Bytes, binary:matches(Bytes, binary:copy(<<7>>, 1_000)))]).

shortened(Bytes, []) ->
    string:lowercase(binary:encode_hex(Bytes));
shortened(Bytes, [{At, _} | _]) ->
    <<Head:At/binary, Run/binary>> = Bytes,
    Count = run(Run, 0),
    <<_:Count/binary, Tail/binary>> = Run,
    [shortened(Head, []), io_lib:format("(07*~b)", [Count]), shortened(Tail, [])].

run(<<7, More/binary>>, Count) -> run(More, Count + 1);
run(_, Count) -> Count.
