using System.CommandLine;
using Spectre.Console;

// A command-line tool that prints a table.
var file = new Argument<FileInfo>("file") { Description = "A file of lines: key=value" };
var width = new Option<int>("--width") { Description = "How wide", DefaultValueFactory = _ => 40 };
var show = new Command("show", "Shows a file") { file, width };
show.SetAction(parsed =>
{
    AnsiConsole.Profile.Width = parsed.GetValue(width);
    var table = new Table().AddColumn("Key").AddColumn("Value");
    foreach (string line in File.ReadLines(parsed.GetValue(file)!.FullName))
    {
        if (line.Split('=') is [var key, var value]) table.AddRow(Markup.Escape(key), $"[green]{Markup.Escape(value)}[/]");
    }
    AnsiConsole.Write(table);
    AnsiConsole.MarkupLine("[bold]done[/]");
    return 0;
});
return new RootCommand("A sample") { show }.Parse(args).Invoke();
