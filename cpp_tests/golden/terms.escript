#!/usr/bin/env escript
%%! -kernel logger_level none
%% Writes terms.txt, with OTP 25, and terms_otp27.txt, with OTP 27: what term_to_binary makes of a set
%% of terms.
%%
%%   escript terms.escript > terms.txt
%%
%% A line is `name otp25 otp26 text`: the encoding that is the default up to OTP 25, the one with UTF-8
%% atoms that is it from OTP 26 on (both in hex, no version byte), and how Erlang prints the term, in
%% hex too since it may hold blanks; `-` where the term does not parse back from its text.
main([]) ->
    io:setopts([{encoding, latin1}]),
    [line(Name, Term) || {Name, Term} <- terms()],
    ok.

line(Name, Term) ->
    <<131, Old/binary>> = term_to_binary(Term, [{minor_version, 1}]),
    <<131, New/binary>> = term_to_binary(Term, [{minor_version, 2}]),
    io:format("~s ~s ~s ~s~n", [Name, hex(Old), hex(New), text(Term)]).

hex(Bytes) -> string:lowercase(binary:encode_hex(Bytes)).

text(Term) ->
    Printed = unicode:characters_to_binary(io_lib:format("~0tp", [Term])),
    try
        {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list([Printed, "."])),
        {ok, Term} = erl_parse:parse_term(Tokens),
        hex(Printed)
    catch
        _:_ -> "-"
    end.

%% Identifiers of another node, made from bytes so that they are the same in every run.
external(Bytes) -> binary_to_term(<<131, Bytes/binary>>).

node_atom() -> <<119, 9, "peer@host">>.

pid(Id, Serial, Creation) ->
    external(<<88, (node_atom())/binary, Id:32, Serial:32, Creation:32>>).
port(Id) -> external(<<120, (node_atom())/binary, Id:64, 77:32>>).
ref(Words) ->
    external(<<90, (length(Words)):16, (node_atom())/binary, 77:32,
               << <<W:32>> || W <- Words >>/binary>>).
local_fun(Free) ->
    Body = <<1, 5:128, 3:32, (length(Free)):32, 119, 1, $m, 97, 3, 98, 123456:32,
             88, (node_atom())/binary, 1:32, 2:32, 77:32,
             << <<(binary:part(term_to_binary(F), 1, byte_size(term_to_binary(F)) - 1))/binary>>
                || F <- Free >>/binary>>,
    external(<<112, (byte_size(Body) + 4):32, Body/binary>>).

terms() ->
    integers() ++ floats() ++ atoms() ++ identifiers() ++ containers() ++ bytes() ++ groot().

integers() ->
    [{"int_" ++ integer_to_list(I, 36), I} || I <- lists:usort([J ||
        Bits <- [0, 1, 7, 8, 15, 16, 26, 27, 28, 31, 32, 48, 59, 60, 62, 63, 64, 65, 128, 2039, 2040,
                 2048, 5000],
        J <- [(1 bsl Bits) - 1, 1 bsl Bits, -(1 bsl Bits), -(1 bsl Bits) - 1]])].

floats() ->
    [{"float_" ++ integer_to_list(N), F} ||
        {N, F} <- lists:zip(lists:seq(1, 9),
                            [0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1.0e100, 5.0e-324,
                             1.7976931348623157e308, 123456789.125])].

atoms() ->
    [{"atom_empty", ''}, {"atom_a", a}, {"atom_true", true}, {"atom_blank", 'hello world'},
     {"atom_quote", 'it\'s'}, {"atom_upper", 'Elixir.Groot.Storage'}, {"atom_latin", 'caf\x{e9}'},
     {"atom_greek", '\x{3b1}\x{3b2}'}, {"atom_control", 'a\nb'},
     {"atom_latin_long", list_to_atom(lists:duplicate(200, 16#e9))},
     {"atom_255", list_to_atom(lists:duplicate(255, $x))},
     {"atom_255_wide", list_to_atom(lists:duplicate(255, 16#1F600))}].

identifiers() ->
    [{"pid", pid(1, 0, 77)}, {"pid_max", pid(16#ffffffff, 16#ffffffff, 16#ffffffff)},
     {"port", port(5)}, {"port_28", port(16#fffffff)}, {"port_29", port(16#10000000)},
     {"port_64", port(16#ffffffffffffffff)},
     {"ref_1", ref([1])}, {"ref_2", ref([1, 2])}, {"ref_3", ref([1, 2, 3])},
     {"ref_5", ref([1, 2, 3, 4, 5])}, {"ref_0", ref([1, 0, 0])},
     {"alias_tag", [alias | ref([9, 8, 7])]},
     {"fun_export", fun lists:map/2}, {"fun_upper", fun 'Elixir.Groot':get/1},
     {"fun_local", local_fun([])}, {"fun_free", local_fun([a, 1, "free", #{b => c}])},
     {"fun_nested", local_fun([local_fun([inner]), {deep, local_fun([])}])}].

containers() ->
    [{"tuple_0", {}}, {"tuple_1", {a}}, {"tuple_nested", {{a, {b}}, 1, {{}}}},
     {"tuple_255", list_to_tuple(lists:seq(1, 255))},
     {"tuple_256", list_to_tuple(lists:seq(1, 256))},
     {"list_0", []}, {"list_mixed", [1, a, "x", 2.5]}, {"list_nested", [[], [[]], [a, [b]]]},
     {"list_improper", [a | b]}, {"list_improper_bytes", [1, 2 | 3]}, {"string", "hello"},
     {"string_escapes", "a\"b\\c\n\t"}, {"string_bytes", [0, 255, 128]}, {"list_256", [1, 256]},
     {"list_unicode", [16#3b1, 16#1f600]},
     {"map_0", #{}}, {"map_1", #{a => 1}}, {"map_mixed", #{1 => a, 1.0 => b, "k" => [], {x} => #{}}},
     {"map_nested", #{#{a => 1, b => 2} => #{c => #{}}}},
     {"map_40", maps:from_list([{I, I * I} || I <- lists:seq(1, 40)])},
     {"map_float", #{0.0 => zero}}].

bytes() ->
    [{"binary_0", <<>>}, {"binary_text", <<"hello">>}, {"binary_utf8", <<"h\x{e9}llo \x{1f600}"/utf8>>},
     {"binary_raw", <<0, 255, 254>>}, {"binary_quote", <<"a\"b\\c\n">>},
     {"binary_300", binary:copy(<<"0123456789">>, 30)},
     {"bits_1", <<1:1>>}, {"bits_7", <<85:7>>}, {"bits_19", <<255, 1, 5:3>>}].

groot() ->
    Stamp = #{'__struct__' => 'Elixir.HLClock.Timestamp', time => 1700000000123, counter => 65535,
              node_id => 16#fedcba9876543210},
    Register = #{key => {user, 42}, value => [#{name => <<"Ada">>}], hlc => Stamp},
    [{"register", Register}, {"update", {'$gen_cast', {update_register, Register}}},
     {"state", {'$gen_cast', {update_registers, #{{user, 42} => Register}}}},
     {"call", {'$gen_call', {pid(3, 1, 77), [alias | ref([9, 8, 7])]}, {set, k, v}}}].
