using System.CommandLine;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Rendering.Ci;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>"--ci": tells a CI system what came out. Only where it is asked for: a command writes no files on its own.</summary>
internal sealed class CiTelling
{
    private readonly CiSystem _system;
    private readonly CiContext _context;

    private CiTelling(CiSystem system, CiContext context) => (_system, _context) = (system, context);

    public static Option<string> SystemOption { get; } = new("--ci")
    {
        Description = $"Tell a CI system: auto, {string.Join(", ", CiSystems.Names)}",
        HelpName = "SYSTEM",
        DefaultValueFactory = _ => "none",
    };

    public static Option<string> DirectoryOption { get; } = new("--ci-output")
    {
        Description = "Folder for the files that a CI system reads",
        HelpName = "DIR",
        DefaultValueFactory = _ => "binarysize",
    };

    /// <summary>What the options ask for; null where no system is to be told.</summary>
    public static CiTelling? Create(ParseResult parsed)
    {
        string name = parsed.GetValue(SystemOption)!;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string variable in CiSystems.Variables)
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value) variables[variable] = value;
        }
        if (!CiSystems.TryParse(name, variables, out CiSystem system)) throw new UsageException($"'{name}' is no CI system. Known are: auto, {string.Join(", ", CiSystems.Names)}.");
        return system == CiSystem.None ? null : new CiTelling(system, new CiContext { Variables = variables, Directory = Path.GetFullPath(parsed.GetValue(DirectoryOption)!) });
    }

    /// <summary>Tells it.</summary>
    /// <param name="report">What was measured.</param>
    /// <param name="findings">What is wrong with it.</param>
    /// <param name="stdoutIsText">False where standard output is for a program to read; the lines then go to standard error, which every system reads as well.</param>
    public void Tell(Report report, IReadOnlyList<BudgetFinding> findings, bool stdoutIsText)
    {
        List<CiFinding> all = [.. findings.Select(f => new CiFinding(f.IsError, f.Code, f.Message, "", 0, 0))];
        foreach (MapWarning warning in report.Artifacts.SelectMany(a => a.Warnings)) all.Add(new CiFinding(false, warning.Code, warning.Message, "", 0, 0));
        CiOutput output = CiSink.Tell(_system, CiMessage.Of(report, all), _context);
        TextWriter lines = stdoutIsText ? Console.Out : Console.Error;
        foreach (string problem in CiWriter.Write(output, _context, again: false, lines.WriteLine)) Console.Error.WriteLine($"binarysize: {Escape.LogLine(problem)}");
    }
}
