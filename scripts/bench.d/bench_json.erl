%% What bench.json holds: objects are maps, texts {text, Characters}, null is none. Reads what it has
%% written, and no other JSON.
-module(bench_json).

-export([encode/1, decode/1]).
-export_type([value/0]).

-type value() ::
    #{atom() => value()} | [value()] | {text, string()} | number() | boolean() | none.

-spec encode(value()) -> iodata().
encode(Map) when is_map(Map) ->
    Pairs = [[encode({text, atom_to_list(Key)}), $:, encode(Value)] || {Key, Value} <- maps:to_list(Map)],
    [${, lists:join($,, Pairs), $}];
encode(none) -> "null";
encode(Atom) when is_boolean(Atom) -> atom_to_list(Atom);
encode({text, Text}) -> [$", unicode:characters_to_binary(lists:flatmap(fun escape/1, Text)), $"];
encode(Integer) when is_integer(Integer) -> integer_to_list(Integer);
encode(Float) when is_float(Float) -> float_to_list(Float, [short]);
encode(List) when is_list(List) -> [$[, lists:join($,, [encode(Item) || Item <- List]), $]].

escape($") -> "\\\"";
escape($\\) -> "\\\\";
escape(Char) -> [Char].

%% Its tokens are nearly those of an Erlang term.
-spec decode(binary()) -> value().
decode(Json) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list([Json, "."])),
    {ok, Value} = erl_parse:parse_term(term(Tokens)),
    Value.

term([{string, At, Key}, {':', _} | Rest]) ->
    [{atom, At, list_to_atom(Key)}, {'=>', At} | term(Rest)];
term([{string, At, Text} | Rest]) ->
    [{'{', At}, {atom, At, text}, {',', At}, {string, At, Text}, {'}', At} | term(Rest)];
term([{'{', At} | Rest]) ->
    [{'#', At}, {'{', At} | term(Rest)];
term([{atom, At, null} | Rest]) ->
    [{atom, At, none} | term(Rest)];
term([Token | Rest]) ->
    [Token | term(Rest)];
term([]) ->
    [].
