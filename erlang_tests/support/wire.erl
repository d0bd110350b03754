%% The way to one node, for a test that wants to know how much goes along it, or to cut it. It stands
%% in that node's place in the cluster's epmd and passes on what comes, in both directions.
%%
%% Linked to the process that starts it, and gone with it.
-module(wire).

-export([start_link/2, bytes/2, cut/2, heal/2]).

-define(OPTIONS, [binary, {packet, raw}, {nodelay, true}, {reuseaddr, true}]).
-define(CONNECT_MS, 2_000).

%% To the node of that name which listens at Port; nobody else may be registered as Alive.
start_link(Alive, Port) ->
    Table = ets:new(?MODULE, [public]),
    {ok, Listener} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false} | ?OPTIONS]),
    {ok, Own} = inet:port(Listener),
    {ok, _} = epmd_client:register(cluster:epmd_port(), Alive, Own),
    Acceptor = spawn_link(fun() -> accept(Listener, Port, Table) end),
    ok = gen_tcp:controlling_process(Listener, Acceptor),
    Table.

%% How many have passed, both ways, on the connections that Node made.
bytes(Wire, Node) ->
    case ets:lookup(Wire, {bytes, atom_to_binary(Node)}) of
        [{_, Bytes}] -> Bytes;
        [] -> 0
    end.

%% Ends the connections that Node made, and from now on every new one as soon as it says its name.
cut(Wire, Node) ->
    Name = atom_to_binary(Node),
    true = ets:insert(Wire, {{cut, Name}}),
    [
        begin
            Monitor = monitor(process, Pid),
            exit(Pid, kill),
            receive {'DOWN', Monitor, _, _, _} -> ok end
        end
     || [Pid] <- ets:match(Wire, {{connection, '$1'}, Name})
    ],
    ok.

heal(Wire, Node) ->
    true = ets:delete(Wire, {cut, atom_to_binary(Node)}),
    ok.

accept(Listener, Port, Table) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Connection = spawn(fun() -> receive 'begin' -> pass(Socket, Port, Table) end end),
    ok = gen_tcp:controlling_process(Socket, Connection),
    Connection ! 'begin',
    accept(Listener, Port, Table).

%% The first message of the handshake says who it is.
pass(Socket, Port, Table) ->
    {ok, <<Length:16>>} = gen_tcp:recv(Socket, 2),
    {ok, First} = gen_tcp:recv(Socket, Length),
    <<$N, _Flags:64, _Creation:32, Size:16, Name:Size/binary, _/binary>> = First,
    ets:member(Table, {cut, Name}) andalso exit(normal),
    {ok, Other} = gen_tcp:connect("127.0.0.1", Port, [{active, false} | ?OPTIONS], ?CONNECT_MS),
    true = ets:insert(Table, {{connection, self()}, Name}),
    ok = gen_tcp:send(Other, [<<Length:16>>, First]),
    pass_on(Socket, Other, Name, Table).

pass_on(Socket, Other, Name, Table) ->
    [ok = inet:setopts(Each, [{active, once}]) || Each <- [Socket, Other]],
    receive
        {tcp, From, Data} ->
            [To] = [Socket, Other] -- [From],
            _ = ets:update_counter(Table, {bytes, Name}, byte_size(Data), {{bytes, Name}, 0}),
            ok = gen_tcp:send(To, Data),
            pass_on(Socket, Other, Name, Table);
        {tcp_closed, _} ->
            true = ets:delete(Table, {connection, self()})
    end.
