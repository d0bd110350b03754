%% Groot's API on any node of the cluster: directly on a BEAM peer, by remote call on a node under
%% test, from the console of the cluster, or from the peer given.
-module(groot_api).

-export([get/2, set/3, set/4, delete/2, call/4, call_from/5, registers/1, gen_call/2, cast/2]).
-export([await_value/3, await_value/4, await_instead/3, value_is/3, await_mesh/1, await_mesh/2]).

-define(STORAGE, 'Elixir.Groot.Storage').
-define(GROOT, 'Elixir.Groot').

get(Node, Key) -> call(Node, ?GROOT, get, [Key]).

set(Node, Key, Value) ->
    await_next_millisecond(),
    call(Node, ?GROOT, set, [Key, Value]).

set(Node, Key, Value, ExpiresIn) ->
    await_next_millisecond(),
    call(Node, ?GROOT, set, [Key, Value, ExpiresIn]).

%% A stock node's clock does not follow what it merges: a set there in the millisecond in which
%% another node wrote the key may carry the lesser stamp, and is lost.
await_next_millisecond() ->
    await_after(os:system_time(millisecond)).

await_after(Millisecond) ->
    os:system_time(millisecond) > Millisecond orelse await_after(Millisecond).

delete(Node, Key) -> call(Node, ?GROOT, delete, [Key]).

call(Node, Module, Function, Args) ->
    case cluster:is_beam(Node) of
        true -> cluster:call(Node, Module, Function, Args);
        false -> call_from(cluster:console(), Node, Module, Function, Args)
    end.

call_from(Beam, Node, Module, Function, Args) ->
    cluster:call(Beam, rpc, call, [Node, Module, Function, Args, 10_000]).

%% What the storage of Node holds: #{Key => Register}.
registers(Node) ->
    #{registers := Registers} =
        cluster:call(cluster:console(), sys, get_state, [{?STORAGE, Node}]),
    Registers.

gen_call(Node, Request) ->
    cluster:call(cluster:console(), gen_server, call, [{?STORAGE, Node}, Request]).

cast(Node, Message) ->
    cluster:call(cluster:console(), gen_server, cast, [{?STORAGE, Node}, Message]).

%% Waits until a get of Key on every one of Nodes gives Value.
await_value(Nodes, Key, Value) ->
    await_value(Nodes, Key, Value, 10_000).

await_value(Nodes, Key, Value, Ms) when is_list(Nodes) ->
    [await:equal(Value, fun() -> get(Node, Key) end, Ms) || Node <- Nodes],
    ok;
await_value(Node, Key, Value, Ms) ->
    await_value([Node], Key, Value, Ms).

%% The same where the value before it is large: the console reads it, and only says whether.
await_instead(Nodes, Key, Value) ->
    cluster:on(cluster:console(), fun() ->
        Read = fun(Node) -> rpc:call(Node, ?GROOT, get, [Key], 60_000) end,
        [await:true(fun() -> Read(Node) =:= Value end, 60_000) || Node <- Nodes]
    end, 200_000),
    ok.

%% Waits until each of Nodes sees all others as visible ones, nobody else and nobody twice.
await_mesh(Nodes) ->
    await_mesh(Nodes, 10_000).

await_mesh(Nodes, Ms) ->
    [
        await:equal(
            lists:sort(Nodes -- [Node]),
            fun() ->
                case call(Node, erlang, nodes, [visible]) of
                    Seen when is_list(Seen) -> lists:sort(Seen);
                    Error -> Error
                end
            end,
            Ms
        )
     || Node <- Nodes
    ],
    ok.

value_is(Node, Key, Value) ->
    get(Node, Key) =:= Value.
