# Types a session into Elixir: evaluates what stands behind `iex>` in a file and prints it with the
# answers, all else as it is. When the node answers as the file says, the output is the file.
#
#     elixir --name me@127.0.0.1 --cookie COOKIE calls_from_elixir.exs SESSION NODE
#
# `n` is bound to NODE and `me` to this node; in the output both stand for their names.
defmodule Session do
  def run(lines, binding) do
    names = for {name, node} <- binding, do: {inspect(node), Atom.to_string(name)}
    type(lines, binding, names)
  end

  defp type(["iex> " <> code = line | rest], binding, names) do
    IO.puts(line)
    {answer, binding} = answer(code, binding)
    IO.puts(Enum.reduce(names, answer, fn {long, short}, text -> String.replace(text, long, short) end))
    type(Enum.drop_while(rest, &answer?/1), binding, names)
  end

  defp type([line | rest], binding, names) do
    IO.puts(line)
    type(rest, binding, names)
  end

  defp type([], _binding, _names), do: :ok

  # The answers in the file are what is compared with, not what is typed.
  defp answer?(line), do: line != "" and not String.starts_with?(line, ["iex> ", "#"])

  defp answer(code, binding) do
    {value, binding} = Code.eval_string(code, binding)
    {inspect(value, limit: :infinity, width: 1_000), binding}
  catch
    kind, reason -> {Exception.format_banner(kind, reason, __STACKTRACE__), binding}
  end
end

[session, node] = System.argv()

session
|> File.read!()
|> String.split("\n")
|> then(fn lines -> if List.last(lines) == "", do: Enum.drop(lines, -1), else: lines end)
|> Session.run(n: String.to_atom(node), me: node())
