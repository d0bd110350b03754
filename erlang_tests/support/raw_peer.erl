%% A peer made of a bare socket, for all that a BEAM never sends: the handshake (version 6) message
%% by message in either role, and frames of any bytes once it is done.
-module(raw_peer).

-export([open/1, open/2, send_message/2, receive_message/1, name_message/1, name_message/3, status/1]).
-export([challenge_reply/2, challenge_message/2, challenge_of/1, digest/2]).
-export([connect/2, connect/3, connect/4, close/1, reset/1]).
-export([frame/1, frame/2, framed/1, send_bytes/2, send/2, send/3, receive_frame/1]).
-export([call/3, is_alive/1, await_closed/2, pid/1, reference/1]).
-export([serve/1, accept/1, stop_serving/1]).
-export_type([peer/0]).

-type peer() :: #{socket := gen_tcp:socket(), name := binary()}.

%% The complete set for a hidden node, without fragments: those are fragments:flags().
-define(FLAGS, 16#D075F5FBC).
-define(CREATION, 16#5EED0001).
-define(OUR_CHALLENGE, 16#FEDCBA98).
-define(TIMEOUT_MS, 8_000).
-define(PASS_THROUGH, 112).
-define(REG_SEND, 6).

%% ------------------------------------------------------------------ handshake

%% A connection to the port at which Node is registered.
-spec open(node()) -> gen_tcp:socket().
open(Node) -> open(Node, []).

%% The same with more options of gen_tcp, such as the address to come from.
open(Node, Options) ->
    [Alive, Host] = string:split(atom_to_list(Node), "@"),
    Port = epmd_client:port_of(cluster:epmd_port(), Alive),
    {ok, Socket} = gen_tcp:connect(Host, Port, Options ++ socket_options(), ?TIMEOUT_MS),
    Socket.

socket_options() ->
    [binary, {active, false}, {nodelay, true}, {packet, raw}].

send_message(Socket, Body) ->
    gen_tcp:send(Socket, [<<(iolist_size(Body)):16>>, Body]).

%% The next message of the handshake, or `closed`.
receive_message(Socket) ->
    case gen_tcp:recv(Socket, 2, ?TIMEOUT_MS) of
        {ok, <<Length:16>>} ->
            {ok, Body} = gen_tcp:recv(Socket, Length, ?TIMEOUT_MS),
            Body;
        {error, Reason} when Reason =/= timeout ->
            closed
    end.

name_message(Name) ->
    name_message(Name, ?FLAGS, byte_size(Name)).

name_message(Name, Flags, NameLength) ->
    <<$N, Flags:64, ?CREATION:32, NameLength:16, Name/binary>>.

status(Text) ->
    [$s, Text].

challenge_message(Name, Challenge) ->
    <<$N, ?FLAGS:64, Challenge:32, ?CREATION:32, (byte_size(Name)):16, Name/binary>>.

%% The number in a challenge or in a challenge reply.
challenge_of(<<$N, _Flags:64, Challenge:32, _/binary>>) -> Challenge;
challenge_of(<<$r, Challenge:32, _Digest:16/binary>>) -> Challenge.

challenge_reply(Cookie, Challenge) ->
    <<$r, ?OUR_CHALLENGE:32, (digest(Cookie, Challenge)):16/binary>>.

digest(Cookie, Challenge) ->
    erlang:md5([Cookie, integer_to_list(Challenge)]).

connect(Node, Name) ->
    {ok, Peer} = connect(Node, Name, cluster:cookie()),
    Peer.

%% The whole handshake as the one who dials: a peer, or `refused` when Cookie does not do.
-spec connect(node(), binary(), string()) -> {ok, peer()} | refused.
connect(Node, Name, Cookie) ->
    connect(Node, Name, Cookie, ?FLAGS).

connect(Node, Name, Cookie, Flags) ->
    Socket = open(Node),
    ok = send_message(Socket, name_message(Name, Flags, byte_size(Name))),
    case receive_message(Socket) of
        <<"sok">> -> ok;
        <<"salive">> -> ok = send_message(Socket, status("true"))
    end,
    Challenge = challenge_of(receive_message(Socket)),
    ok = send_message(Socket, challenge_reply(Cookie, Challenge)),
    Proof = digest(Cookie, ?OUR_CHALLENGE),
    case receive_message(Socket) of
        <<$a, Proof:16/binary>> ->
            {ok, #{socket => Socket, name => Name}};
        closed ->
            ok = gen_tcp:close(Socket),
            refused
    end.

close(#{socket := Socket}) -> gen_tcp:close(Socket);
close(Socket) -> gen_tcp:close(Socket).

%% Ends the connection with a reset instead of an orderly end.
reset(#{socket := Socket}) ->
    reset(Socket);
reset(Socket) ->
    ok = inet:setopts(Socket, [{linger, {true, 0}}]),
    gen_tcp:close(Socket).

%% ------------------------------------------------------------------ frames

frame(Control) ->
    framed([?PASS_THROUGH, term_to_binary(Control)]).

frame(Control, Message) ->
    framed([?PASS_THROUGH, term_to_binary(Control), term_to_binary(Message)]).

framed(Body) ->
    [<<(iolist_size(Body)):32>>, Body].

%% The peer may have closed already: that is for await_closed/2 to see.
send_bytes(#{socket := Socket}, Bytes) ->
    _ = gen_tcp:send(Socket, Bytes),
    ok.

send(Peer, Control) -> send_bytes(Peer, frame(Control)).

send(Peer, Control, Message) -> send_bytes(Peer, frame(Control, Message)).

%% {Control} or {Control, Message}; ticks are passed over.
receive_frame(Peer = #{socket := Socket}) ->
    case gen_tcp:recv(Socket, 4, ?TIMEOUT_MS) of
        {ok, <<0:32>>} -> receive_frame(Peer);
        {ok, <<Length:32>>} ->
            {ok, <<?PASS_THROUGH, Terms/binary>>} = gen_tcp:recv(Socket, Length, ?TIMEOUT_MS),
            terms(Terms)
    end.

terms(Terms) ->
    case binary_to_term(Terms, [used]) of
        {Control, Used} when Used =:= byte_size(Terms) ->
            {Control};
        {Control, Used} ->
            <<_:Used/binary, Message/binary>> = Terms,
            {Control, binary_to_term(Message)}
    end.

%% A gen call to a registered name; what the node sends of its own is passed over.
call(Peer, Name, Request) ->
    Tag = reference(Peer),
    send(Peer, {?REG_SEND, pid(Peer), '', Name}, {'$gen_call', {pid(Peer), Tag}, Request}),
    reply(Peer, Tag).

reply(Peer, Tag) ->
    case receive_frame(Peer) of
        {_, {Tag, Reply}} -> Reply;
        _ -> reply(Peer, Tag)
    end.

%% Whether the link is up and the node answers.
is_alive(Peer = #{name := Name}) ->
    call(Peer, net_kernel, {is_auth, binary_to_atom(Name)}) =:= yes.

%% Waits until the node has closed the connection.
await_closed(#{socket := Socket}, Ms) ->
    await_closed(Socket, Ms);
await_closed(Socket, Ms) ->
    case gen_tcp:recv(Socket, 0, Ms) of
        {ok, _} -> await_closed(Socket, Ms);
        {error, timeout} -> error({not_closed_within_ms, Ms});
        {error, _} -> gen_tcp:close(Socket)
    end.

%% NEW_PID_EXT and NEWER_REFERENCE_EXT of this peer.
pid(#{name := Name}) ->
    binary_to_term(<<131, 88, (atom(Name))/binary, 1:32, 0:32, ?CREATION:32>>).

reference(#{name := Name}) ->
    Number = erlang:unique_integer([positive]),
    binary_to_term(<<131, 90, 3:16, (atom(Name))/binary, ?CREATION:32, 0:32, Number:64>>).

atom(Name) ->
    <<119, (byte_size(Name)), Name/binary>>.

%% ------------------------------------------------------------------ being dialled

%% Registers Alive with the cluster's epmd and listens.
serve(Alive) ->
    {ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | socket_options()]),
    {ok, Port} = inet:port(Listener),
    {ok, Epmd} = gen_tcp:connect("127.0.0.1", cluster:epmd_port(), socket_options(), ?TIMEOUT_MS),
    ok = send_message(Epmd, <<120, Port:16, 72, 0, 6:16, 6:16, (byte_size(Alive)):16, Alive/binary, 0:16>>),
    {ok, <<118, 0, _Creation:32>>} = gen_tcp:recv(Epmd, 6, ?TIMEOUT_MS),
    {Listener, Epmd, Alive}.

accept({Listener, _Epmd, _Alive}) ->
    {ok, Socket} = gen_tcp:accept(Listener, ?TIMEOUT_MS),
    Socket.

%% Returns when epmd has forgotten the name.
stop_serving({Listener, Epmd, Alive}) ->
    ok = gen_tcp:close(Listener),
    ok = gen_tcp:close(Epmd),
    await:true(fun() -> not is_map_key(binary_to_list(Alive), cluster:registered_names()) end).
