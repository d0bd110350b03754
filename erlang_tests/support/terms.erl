%% Terms of every Erlang type, with the values at which an encoding changes its tag.
-module(terms).

-export([all/0, keys/0, same/2]).

%% [{Name, Term}]; built in the node that calls, whose own pids, ports and references it has.
all() ->
    numbers() ++ atoms() ++ binaries() ++ lists_and_tuples() ++ maps() ++ identities() ++ functions().

%% Those that a stock node can hold as a key: everything that is not a list. -0.0 is the key 0.0
%% before OTP 27.
keys() ->
    [{Name, Term} || {Name, Term} <- all(), not is_list(Term), term_to_binary(Term) =/= term_to_binary(-0.0)].

%% The same value in the same external bytes: 0.0 is not -0.0, 1 is not 1.0.
same(One, Other) ->
    One =:= Other andalso term_to_binary(One) =:= term_to_binary(Other).

numbers() ->
    [
        {integer, N}
     || N <- [0, 1, 255, 256, -1, 1 bsl 31 - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1] ++
            [1 bsl 63 - 1, 1 bsl 63, 1 bsl 64 - 1, 1 bsl 64, -(1 bsl 64), 1 bsl 2039, -(1 bsl 2040)] ++
            [1 bsl 4096 + 1]
    ] ++
        [{float, F} || F <- [1.0, 0.0, -0.0, -1.5, 1.0e308, 5.0e-324, 3.141592653589793]].

atoms() ->
    [
        {atom, A}
     || A <- [nil, true, false, undefined, '', 'Elixir.Groot', 'with space', 'é', '日本語'] ++
            [list_to_atom(lists:duplicate(255, $a)), list_to_atom(lists:duplicate(255, 16#65E5))]
    ].

binaries() ->
    [{binary, B} || B <- [<<>>, <<"text">>, <<"日本語"/utf8>>, <<0, 255>>, binary:copy(<<7>>, 70_000)]] ++
        [{bitstring, B} || B <- [<<1:1>>, <<5:3>>, <<1, 2, 3:7>>]].

lists_and_tuples() ->
    [
        {list, []},
        {list, "bytes"},
        {list, [1, 2, 256]},
        {list, lists:duplicate(65_535, 1)},
        {list, lists:duplicate(65_536, 1)},
        {list, [a | b]},
        {list, [1, 2 | <<"tail">>]},
        {list, [[], [[]], "a", [nil]]},
        {keyword, [{key, <<"value">>}, {other, 1.0}]},
        {tuple, {}},
        {tuple, {ok, {nested, [#{}]}}},
        {tuple, list_to_tuple(lists:seq(1, 255))},
        {tuple, list_to_tuple(lists:seq(1, 256))},
        {deep, lists:foldl(fun(_, Inner) -> {Inner} end, leaf, lists:seq(1, 200))}
    ].

maps() ->
    [
        {map, #{}},
        {map, #{a => 1, <<"b">> => [2], 3 => #{nested => {map}}, 1.0 => one, 1 => other}},
        {map, maps:from_list([{N, N * 1.5} || N <- lists:seq(1, 32)])},
        {map, maps:from_list([{{key, N}, <<N>>} || N <- lists:seq(1, 100)])},
        {struct, #{'__struct__' => 'Elixir.MapSet', map => #{1 => []}, version => 2}}
    ].

identities() ->
    [
        {pid, self()},
        {pid, whereis(init)},
        {pid, pid_of_another_node()},
        {port, hd(erlang:ports())},
        {reference, make_ref()},
        {reference, alias()}
    ].

%% <'far@away'.1.2> with a 32-bit creation: NEW_PID_EXT 88.
pid_of_another_node() ->
    Node = <<"far@away">>,
    binary_to_term(<<131, 88, 119, (byte_size(Node)), Node/binary, 1:32, 2:32, 16#CAFEBABE:32>>).

functions() ->
    Captured = {captured, <<"value">>},
    [
        {function, fun() -> Captured end},
        {function, fun(X) -> {X, Captured} end},
        {function, fun erlang:node/0},
        {function, fun 'Elixir.Groot':get/1}
    ].
