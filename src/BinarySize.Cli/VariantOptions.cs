using System.CommandLine;
using System.Runtime.InteropServices;
using BinarySize.Variants;

namespace BinarySize.Cli;

/// <summary>Options that "compare" and "tune" share, and what they come to.</summary>
internal sealed class VariantOptions
{
    private readonly Argument<string> _project = new("project") { Description = "A project file, or a folder that holds one", Arity = ArgumentArity.ZeroOrOne, DefaultValueFactory = _ => "." };
    private readonly Option<string?> _framework = new("--framework", "-f") { Description = "Target framework, of a project with several", HelpName = "TFM" };
    private readonly Option<string?> _runtime = new("--runtime", "-r") { Description = "Runtime identifier; this machine's unless the project names one", HelpName = "RID" };
    private readonly Option<string> _configuration = new("--configuration", "-c") { Description = "Configuration", HelpName = "NAME", DefaultValueFactory = _ => "Release" };
    private readonly Option<string[]> _property = new("--property", "-p") { Description = "A property of every build; may be repeated", HelpName = "NAME=VALUE" };
    private readonly Option<string?> _base = new("--base") { Description = $"What settings are tried on: {string.Join(", ", ComparisonRun.Bases)}", HelpName = "NAME" };
    private readonly Option<string?> _verify = new("--verify") { Description = "Command that must succeed on every variant; {artifact} stands for its main file", HelpName = "COMMAND" };
    private readonly Option<double?> _verifySeconds = new("--verify-seconds") { Description = "Time that the verify command is given; BinarySizeVerifyTimeout, or a minute", HelpName = "N" };
    private readonly Option<int> _maxCpu = new("--max-cpu", "-m") { Description = "Builds at the same time", HelpName = "N", DefaultValueFactory = _ => RunOptions.DefaultParallelism() };
    private readonly Option<double> _timeout = new("--timeout-minutes") { Description = "Time that one build is given", HelpName = "N", DefaultValueFactory = _ => 20 };
    private readonly Option<bool> _noCache = new("--no-cache") { Description = "Build and measure anew what has not changed since the last time" };

    public void AddTo(Command command)
    {
        command.Add(_project);
        foreach (Option option in (Option[])[_framework, _runtime, _configuration, _property, _base, _verify, _verifySeconds, _maxCpu, _timeout, _noCache]) command.Add(option);
    }

    public string ProjectName(ParseResult parsed) => parsed.GetValue(_project)!.Replace('\\', '/');

    public string? Base(ParseResult parsed) => parsed.GetValue(_base);

    public string? Verify(ParseResult parsed, VariantProject project) => parsed.GetValue(_verify) ?? project.VerifyCommand;

    public TimeSpan VerifyLimit(ParseResult parsed, VariantProject project) => parsed.GetValue(_verifySeconds) switch
    {
        null => project.VerifyLimit ?? LabOptions.DefaultVerifyLimit,
        > 0 and <= 1e6 and var seconds => TimeSpan.FromSeconds(seconds),
        _ => throw new UsageException("--verify-seconds needs a number above 0."),
    };

    public TimeSpan Limit(ParseResult parsed) => parsed.GetValue(_timeout) is > 0 and <= 1000 and var minutes ? TimeSpan.FromMinutes(minutes) : throw new UsageException("--timeout-minutes needs a number above 0.");

    public int Parallelism(ParseResult parsed) => parsed.GetValue(_maxCpu) is > 0 and <= 256 and var count ? count : throw new UsageException("--max-cpu needs a number from 1 to 256.");

    public ResultCache Cache(ParseResult parsed, VariantProject project) => new(parsed.GetValue(_noCache) ? null : ResultCache.DefaultFolder(project.File));

    public VariantProject Load(ParseResult parsed, CancellationToken cancel)
    {
        using var progress = new Progress("evaluating the project");
        string package = Path.Combine(AppContext.BaseDirectory, "package"), tasks = Path.Combine(package, "tasks", "net10.0", "BinarySize.Build.dll");
        return VariantProject.Load(new ProjectRequest
        {
            Path = parsed.GetValue(_project)!,
            Framework = parsed.GetValue(_framework),
            Runtime = parsed.GetValue(_runtime),
            Configuration = parsed.GetValue(_configuration)!,
            Settings = [.. (parsed.GetValue(_property) ?? []).SelectMany(p => VariantProject.Parse("--property", p).Settings)],
            PackageRoot = Directory.Exists(package) ? package : null,
            TasksFile = File.Exists(tasks) ? tasks : null,
        }, cancel);
    }

    /// <summary>
    /// Runs what can be ended by Ctrl-C, or by a signal to end, and still has something to say then.
    /// </summary>
    public static int Run(Func<CancellationToken, int> run)
    {
        using var source = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        try
        {
            int code = run(source.Token);
            return source.IsCancellationRequested ? ExitCode.Interrupted : code;
        }
        catch (VariantProjectException e)
        {
            throw new UsageException(e.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }

        void End(PosixSignalContext context)
        {
            // A second time it means now.
            context.Cancel = !source.IsCancellationRequested;
            source.Cancel();
        }
    }
}
