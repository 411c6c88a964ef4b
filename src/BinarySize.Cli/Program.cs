using System.CommandLine;
using BinarySize.Cli;

var root = new RootCommand("Shows who owns every byte of what you ship, compares two versions of it, and checks budgets.")
{
    ReportCommand.Create(),
    CheckCommand.Create(),
    DiffCommand.Create(),
    WhyCommand.Create(),
    MergeCommand.Create(),
    BaselineCommand.Create(),
    HistoryCommand.Create(),
    CompareCommand.Create(),
    TuneCommand.Create(),
};
ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors) Console.Error.WriteLine($"binarysize: {error.Message}");
    Console.Error.WriteLine("Run 'binarysize --help' for what it takes.");
    return ExitCode.Usage;
}
try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (UsageException e)
{
    Console.Error.WriteLine($"binarysize: {BinarySize.Rendering.Escape.LogLine(e.Message)}");
    return ExitCode.Usage;
}
catch (NotMeasurableException e)
{
    Console.Error.WriteLine($"binarysize: {BinarySize.Rendering.Escape.LogLine(e.Message)}");
    return ExitCode.NotMeasurable;
}
catch (BaselineException e)
{
    Console.Error.WriteLine($"binarysize: {BinarySize.Rendering.Escape.LogLine(e.Message)}");
    return ExitCode.Baseline;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"binarysize: {BinarySize.Rendering.Escape.LogLine(e.Message)}");
    return ExitCode.NotMeasurable;
}
