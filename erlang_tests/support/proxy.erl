%% A network between a node under test and all BEAM nodes, which can be cut: what is sent then is held
%% back without a word, closing a connection included, as where a cable is pulled out.
%%
%% The node asks the proxy for the ports of the others, in the place of epmd, and is given the
%% proxy's. The others find it by epmd itself, so who is to be cut off must not dial.
-module(proxy).

-export([start/1, stop/1, epmd_port/1, cut/1, heal/1]).

-define(TCP, [binary, {active, false}, {ip, {127, 0, 0, 1}}, {reuseaddr, true}]).

start(EpmdPort) ->
    Self = self(),
    Proxy = spawn(fun() ->
        {ok, Listener} = gen_tcp:listen(0, ?TCP),
        {ok, Port} = inet:port(Listener),
        Self ! {self(), Port},
        Owner = self(),
        spawn_link(fun() -> accept(Listener, fun(Socket) -> ask(Owner, EpmdPort, Socket) end) end),
        loop(Port, flowing, [])
    end),
    receive
        {Proxy, _Port} -> Proxy
    end.

stop(Proxy) -> exit(Proxy, kill).

epmd_port(Proxy) -> call(Proxy, epmd_port).

cut(Proxy) -> call(Proxy, cut).

heal(Proxy) -> call(Proxy, flowing).

call(Proxy, Request) ->
    Proxy ! {self(), Request},
    receive
        {Proxy, Answer} -> Answer
    end.

loop(Port, State, Relays) ->
    receive
        {From, epmd_port} ->
            From ! {self(), Port},
            loop(Port, State, Relays);
        {relay, Relay} ->
            Relay ! State,
            loop(Port, State, [Relay | Relays]);
        {From, New} when New =:= cut; New =:= flowing ->
            [Relay ! New || Relay <- Relays],
            From ! {self(), ok},
            loop(Port, New, Relays)
    end.

accept(Listener, Serve) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Served = spawn_link(fun() ->
        receive
            go -> Serve(Socket)
        end
    end),
    ok = gen_tcp:controlling_process(Socket, Served),
    Served ! go,
    accept(Listener, Serve).

%% ------------------------------------------------------------------ in the place of epmd

ask(Proxy, EpmdPort, Socket) ->
    {ok, <<Size:16>>} = gen_tcp:recv(Socket, 2),
    {ok, Request} = gen_tcp:recv(Socket, Size),
    case Request of
        <<122, Alive/binary>> ->
            Port = epmd_client:port_of(EpmdPort, binary_to_list(Alive)),
            Self = self(),
            spawn(fun() -> listen(Proxy, Port, Self) end),
            Own =
                receive
                    {listening, Bound} -> Bound
                end,
            ok = gen_tcp:send(
                Socket,
                <<119, 0, Own:16, 77, 0, 6:16, 5:16, (byte_size(Alive)):16, Alive/binary, 0:16>>
            ),
            gen_tcp:close(Socket);
        _ ->
            {ok, Epmd} = gen_tcp:connect("127.0.0.1", EpmdPort, [binary, {active, false}]),
            ok = gen_tcp:send(Epmd, <<Size:16, Request/binary>>),
            %% The registration lives as long as its connection, and is never cut.
            relay(flowing, Socket, Epmd)
    end.

%% ------------------------------------------------------------------ connections

listen(Proxy, Port, Asker) ->
    link(Proxy),
    {ok, Listener} = gen_tcp:listen(0, ?TCP),
    {ok, Own} = inet:port(Listener),
    Asker ! {listening, Own},
    accept(Listener, fun(Socket) ->
        {ok, Other} = gen_tcp:connect("127.0.0.1", Port, [binary, {active, false}]),
        Proxy ! {relay, self()},
        receive
            State -> relay(State, Socket, Other)
        end
    end).

%% Both ends are passive while the network is cut. What had been read before waits in the mailbox,
%% as does the end of a connection.
relay(cut, A, B) ->
    receive
        flowing -> relay(flowing, A, B)
    end;
relay(flowing, A, B) ->
    [inet:setopts(Socket, [{active, once}]) || Socket <- [A, B]],
    receive
        cut -> relay(cut, A, B);
        {tcp, A, Bytes} -> pass_on(B, Bytes, A, B);
        {tcp, B, Bytes} -> pass_on(A, Bytes, A, B);
        {tcp_closed, _} -> close(A, B);
        {tcp_error, _, _} -> close(A, B)
    end.

pass_on(To, Bytes, A, B) ->
    case gen_tcp:send(To, Bytes) of
        ok -> relay(flowing, A, B);
        {error, _} -> close(A, B)
    end.

close(A, B) ->
    gen_tcp:close(A),
    gen_tcp:close(B).
