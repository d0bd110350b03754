%% What the suites ask epmd themselves.
-module(epmd_client).

-export([free_port/0, is_up/1, names/1, port_of/2, register/3, kill/1]).

-define(NAMES_REQUEST, <<0, 1, $n>>).
-define(TIMEOUT_MS, 2_000).

free_port() ->
    {ok, Socket} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(Socket),
    ok = gen_tcp:close(Socket),
    Port.

is_up(EpmdPort) ->
    case gen_tcp:connect("127.0.0.1", EpmdPort, [binary, {active, false}], ?TIMEOUT_MS) of
        {ok, Socket} ->
            ok = gen_tcp:close(Socket),
            true;
        {error, _} ->
            false
    end.

%% #{Alive => Port} of everything that is registered.
names(EpmdPort) ->
    {ok, Socket} = gen_tcp:connect("127.0.0.1", EpmdPort, [binary, {active, false}], ?TIMEOUT_MS),
    ok = gen_tcp:send(Socket, ?NAMES_REQUEST),
    <<EpmdPort:32, Text/binary>> = read_all(Socket, <<>>),
    {match, Found} =
        case re:run(Text, "name (\\S+) at port (\\d+)", [global, {capture, all_but_first, list}]) of
            nomatch -> {match, []};
            Match -> Match
        end,
    maps:from_list([{Alive, list_to_integer(Port)} || [Alive, Port] <- Found]).

port_of(EpmdPort, Alive) ->
    maps:get(Alive, names(EpmdPort)).

%% ALIVE2_REQ for a visible node; the name stays ours until the socket closes.
register(EpmdPort, Alive, Port) ->
    {ok, Socket} = gen_tcp:connect("127.0.0.1", EpmdPort, [binary, {active, false}], ?TIMEOUT_MS),
    Name = list_to_binary(Alive),
    Request = <<120, Port:16, 77, 0, 6:16, 5:16, (byte_size(Name)):16, Name/binary, 0:16>>,
    ok = gen_tcp:send(Socket, <<(byte_size(Request)):16, Request/binary>>),
    case gen_tcp:recv(Socket, 6, ?TIMEOUT_MS) of
        {ok, <<118, 0, _Creation:32>>} ->
            {ok, Socket};
        {ok, <<118, _, _/binary>>} ->
            ok = gen_tcp:close(Socket),
            {error, taken}
    end.

%% Ends an epmd that serves no name any more.
kill(EpmdPort) ->
    await:equal(#{}, fun() -> names(EpmdPort) end),
    {ok, Socket} = gen_tcp:connect("127.0.0.1", EpmdPort, [binary, {active, false}], ?TIMEOUT_MS),
    ok = gen_tcp:send(Socket, <<1:16, $k>>),
    <<"OK">> = read_all(Socket, <<>>),
    await:equal(false, fun() -> is_up(EpmdPort) end).

read_all(Socket, Read) ->
    case gen_tcp:recv(Socket, 0, ?TIMEOUT_MS) of
        {ok, More} -> read_all(Socket, <<Read/binary, More/binary>>);
        {error, closed} -> Read
    end.
