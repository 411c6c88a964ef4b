using System.Diagnostics;

namespace BinarySize.Tests;

/// <summary>Runs the independent tools that numbers are checked against. A missing tool fails the test.</summary>
internal static class Tool
{
    /// <summary>Standard output of a command that must succeed.</summary>
    public static string Run(string command, params string[] arguments)
    {
        (int code, string output, string error) = Try(command, arguments);
        Assert.True(code == 0, $"{command} {string.Join(' ', arguments)} ended with {code}: {error}{output}");
        return output;
    }

    /// <summary>Exit code, standard output and standard error of a command.</summary>
    public static (int Code, string Output, string Error) Try(string command, params string[] arguments) => TryIn(null, command, arguments);

    /// <summary>The same, in a folder of its own choosing.</summary>
    public static (int Code, string Output, string Error) TryIn(string? directory, string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? "" };
        // Messages of oracles are parsed: they must not be translated.
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
