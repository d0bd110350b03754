%% What the server of remote calls, rex, is sent beside calls, as a BEAM answers it.
-module(rex_SUITE).

-export([all/0, groups/0, suite/0, init_per_group/2, end_per_group/2, end_per_testcase/2]).
-export([messages_of_rex/1, broadcasts/1, traced_from_elsewhere/1]).
-import(asking, [stock/1, on/2, like_a_beam/2]).
-import(like_beam, [same/2]).

-define(GROOT, 'Elixir.Groot').
-define(STORAGE, 'Elixir.Groot.Storage').
-define(AT_ONCE_MS, 2_000).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, hidden}, {group, visible}].

groups() ->
    Cases = [messages_of_rex, broadcasts, traced_from_elsewhere],
    [{Visibility, [], Cases} || Visibility <- [hidden, visible]].

init_per_group(Visibility, Config) -> asking:start_beside_stock(Visibility, Config).

end_per_group(_Visibility, _Config) ->
    cluster:stop().

end_per_testcase(_Case, _Config) ->
    cluster:verdict().

%% Each plain message that rex of OTP 25 to 29 knows, and what comes back.
messages_of_rex(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            begin
                {rex, Node} ! {self(), Message},
                receive
                    Answer -> {Message, Answer}
                after ?AT_ONCE_MS -> error({no_answer, Node, Message})
                end
            end
         || Message <- [
                {call, erlang, node, [], user},
                {call, erlang, node, [], group_leader()},
                {call, erlang, node, [], send_stdout_to_caller},
                {sbcast, rex, hello},
                {sbcast, nobody, hello},
                {sbcast, nobody, lists:seq(1, 1_000)},
                {send, rex, features_request},
                {send, nobody, hello},
                features_request
            ]
        ] ++ [unanswered(Node)]
    end).

%% These are dropped, or are for whoever has the name to answer; what is asked next shows it.
unanswered(Node) ->
    [
        {rex, Node} ! Message
     || Message <- [hello, {self(), hello}, {self(), {send, rex, hello}}, {self(), {sbcast, nobody}}, {'DOWN', x, process, y, normal}]
    ],
    {rex, Node} ! {self(), {sbcast, rex, last}},
    receive
        Answer -> Answer
    end.

broadcasts(Config) ->
    like_a_beam(Config, fun(Node) ->
        [
            rpc:sbcast([Node], nobody, hello), rpc:sbcast([Node], rex, hello),
            rpc:sbcast([Node, 'nobody@127.0.0.1'], rex, hello), rpc:abcast([Node], nobody, hello),
            rpc:eval_everywhere([Node], erlang, node, [])
        ]
    end),
    Stock = stock(Config),
    on(Config, fun(Groot) ->
        {Good, []} = rpc:sbcast([Groot, Stock], ?STORAGE, {'$gen_cast', {propagate_delete, never_set}}),
        same(lists:sort([Groot, Stock]), lists:sort(Good)),
        %% A message is there when the call returns.
        ok = rpc:call(Groot, ?GROOT, set, [by_broadcast, 1]),
        {[Groot], []} = rpc:sbcast([Groot], ?STORAGE, {'$gen_cast', {propagate_delete, by_broadcast}}),
        nil = rpc:call(Groot, ?GROOT, get, [by_broadcast])
    end).

%% dbg starts its relay on the other node and waits for its first word.
traced_from_elsewhere(Config) ->
    on(Config, fun(Groot) ->
        {error, undef} = like_beam:outcome(fun() -> spawn_link(Groot, dbg, do_relay, [self(), {process, x}]) end),
        case code:which(dbg) of
            non_existing ->
                ok;
            _ ->
                {ok, _} = dbg:tracer(process, {fun(_, Seen) -> Seen end, []}),
                {error, _} = dbg:n(Groot),
                {Dbg, Monitor} = {whereis(dbg), monitor(process, whereis(dbg))},
                exit(Dbg, kill),
                {Dbg, killed} = like_beam:down(Monitor)
        end,
        Groot = rpc:call(Groot, erlang, node, [])
    end),
    ok.
