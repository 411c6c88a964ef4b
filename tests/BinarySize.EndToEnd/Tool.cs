using System.Diagnostics;
using System.Text;

namespace BinarySize.EndToEnd;

/// <summary>What a command came to. Lines of both streams, as they came.</summary>
internal sealed record Outcome(string Command, int Code, string Output)
{
    public string[] Lines { get; } = Output.Split('\n');

    public override string ToString() => $"{Command}\nexit code {Code}\n{Output}";
}

/// <summary>Runs commands. A missing one fails the test.</summary>
internal static class Tool
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);

    /// <summary>Output of a command that must succeed.</summary>
    public static string Run(string command, params string[] arguments)
    {
        Outcome outcome = Try(command, arguments);
        Assert.True(outcome.Code == 0, outcome.ToString());
        return outcome.Output;
    }

    /// <summary>A command, in a folder and with variables of its own.</summary>
    public static Outcome Try(string command, IEnumerable<string> arguments, string? directory = null, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            WorkingDirectory = directory ?? Package.Repository,
        };
        // Nothing of the machine that runs the tests reaches the builds that they start.
        foreach (string name in start.Environment.Keys.Where(IsOfTheHost).ToList()) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        // Nodes are not reused, and with them the compiler's server would go: it takes most of the time off a small build.
        start.Environment["UseSharedCompilation"] = "true";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach ((string name, string value) in variables ?? new Dictionary<string, string>()) start.Environment[name] = value;

        var output = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += Add;
        process.ErrorDataReceived += Add;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        string line = $"{command} {string.Join(' ', arguments)}";
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{line} did not end in {s_limit}: {output}");
        }
        process.WaitForExit();
        lock (output) return new Outcome(line, process.ExitCode, output.ToString());

        void Add(object sender, DataReceivedEventArgs e)
        {
            if (e.Data is null) return;
            lock (output) output.Append(e.Data).Append('\n');
        }
    }

    private static bool IsOfTheHost(string name) =>
        name is "CI" or "TF_BUILD" or "GITLAB_CI" or "VSTEST_HOST_DEBUG" || name.StartsWith("GITHUB_", StringComparison.Ordinal) || name.StartsWith("RUNNER_", StringComparison.Ordinal)
        || name.StartsWith("CI_", StringComparison.Ordinal) || name.StartsWith("BUILD_", StringComparison.Ordinal) || name.StartsWith("SYSTEM_", StringComparison.Ordinal) || name.StartsWith("TEAMCITY_", StringComparison.Ordinal)
        || name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase) || name.StartsWith("BinarySize", StringComparison.OrdinalIgnoreCase) || name.StartsWith("DOTNET_HOST_", StringComparison.Ordinal)
        || name is "SOURCE_DATE_EPOCH" or "NO_COLOR" or "MSBUILDTERMINALLOGGER" or "VERSION" or "Platform" or "Configuration";
}
