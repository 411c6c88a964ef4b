using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BinarySize.Tests.Variants;

/// <summary>The command on real builds of which one goes wrong where it hurts most: it costs only its own row.</summary>
public sealed class CompareFaultTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz-fault").FullName;

    // Stands in the command line of every process that an app starts, and in no other.
    private readonly string _marker = (1e8 + Random.Shared.Next(100_000_000)).ToString("0", CultureInfo.InvariantCulture);

    private string? _disk;

    public CompareFaultTests()
    {
        Write("App/App.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>");
        // HANGS names the command in which it never ends, and neither does what it has started.
        Write("App/Program.cs", """
            string hangs =
            #if HANGS_VERIFIED
                "verify";
            #elif HANGS_RUN
                "run";
            #else
                "never";
            #endif
            System.Console.WriteLine("Hello");
            if (args[0] != hangs) return;
            System.Diagnostics.Process.Start("sh", ["-c", $"sleep {args[1]} & sleep {args[1]}"]);
            System.Threading.Thread.Sleep(System.Threading.Timeout.Infinite);
            """);
        File.Copy(Path.Combine(Samples.Root, "global.json"), Path.Combine(_root, "global.json"));
    }

    public void Dispose()
    {
        if (_disk is not null) Tool.Run("umount", _disk);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void One_that_hangs_is_ended_with_all_that_it_started()
    {
        string[] arguments =
        [
            "--variant", "first; SelfContained=false",
            "--variant", "hangs-verified; SelfContained=false; DefineConstants=HANGS_VERIFIED",
            "--variant", "hangs-run; SelfContained=false; DefineConstants=HANGS_RUN",
            "--variant", "last; SelfContained=false; InvariantGlobalization=true",
            "--verify", $"{{artifact}} verify {_marker} | grep Hello", "--verify-seconds", "3", "--run", $"{{artifact}} run {_marker}", "--max-cpu", "2",
        ];
        Dictionary<string, JsonElement> rows = Compare(Path.GetTempPath(), arguments, out string text);
        Assert.Equal(["broken", "False"], [Text(rows["hangs-verified"], "status"), rows["hangs-verified"].GetProperty("verified").ToString()]);
        Assert.StartsWith("the verify command: it did not end within 3", Text(rows["hangs-verified"], "reason"), StringComparison.Ordinal);
        Assert.Equal(["ok", "True", ""], [Text(rows["hangs-run"], "status"), rows["hangs-run"].GetProperty("verified").ToString(), rows["hangs-run"].GetProperty("startupMilliseconds").ToString()]);
        Assert.StartsWith("no start-up time: it did not end within 10 s", Text(rows["hangs-run"], "reason"), StringComparison.Ordinal);
        Assert.Contains("    no start-up time: it did not end", text, StringComparison.Ordinal);
        foreach (string name in (string[])["first", "last"])
        {
            IsWhole(rows[name]);
            Assert.True(rows[name].GetProperty("verified").GetBoolean() && rows[name].GetProperty("startupMilliseconds").GetDouble() > 0 && rows[name].GetProperty("peakMemory").GetInt64() > 0, text);
        }
        Assert.Equal([], Marked());

        // What is known of it needs no second look.
        rows = Compare(Path.GetTempPath(), arguments, out _);
        Assert.All(rows.Values, r => Assert.True(r.GetProperty("cached").GetBoolean()));
        Assert.StartsWith("no start-up time", Text(rows["hangs-run"], "reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Needs_no_configuration_and_ended_early_it_shows_what_is_done()
    {
        string data = Directory.CreateDirectory(Path.Combine(_root, "data")).FullName;
        var start = new ProcessStartInfo("dotnet", [Cli.Path, "compare"]) { WorkingDirectory = Path.Combine(_root, "App"), RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_DATA_HOME"] = data;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        // A result is kept as soon as it is there.
        while (!Directory.EnumerateFiles(data, "*.json", SearchOption.AllDirectories).Any() && !process.WaitForExit(50)) { }
        // Of the signals that end it this one is never ignored because of how the tests were started.
        Tool.Run("kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture));
        process.WaitForExit();
        string text = await output;
        Assert.True(process.ExitCode == 130, await error + text);
        string[] table = [.. text.Split('\n').Skip(3).TakeWhile(l => l.Length > 0).Where(l => l[0] != ' ')];
        Assert.Equal(
        [
            "framework-dependent", "self-contained", "single-file", "single-file-compressed", "trimmed", "trimmed-single-file", "trimmed-compressed", "trimmed-ready-to-run",
            "native-aot", "native-aot-general", "native-aot-serverless", "native-aot-sizecritical", "native-aot-embedded", "native-aot-packed", "trimmed-compressed-packed",
        ], table.Select(l => l.Split(' ')[0]));
        Assert.Contains(table, l => !l.Contains("cancelled", StringComparison.Ordinal));
        Assert.EndsWith("cancelled: as above", table[^1], StringComparison.Ordinal);
        Assert.Contains("\nEnded before all was done.\n", text, StringComparison.Ordinal);
        Assert.Equal(["App.csproj", "Program.cs"], Directory.EnumerateFileSystemEntries(Path.Combine(_root, "App")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void One_that_fills_the_disk_gives_its_space_back()
    {
        string disk = Path.Combine(_root, "disk");
        Directory.CreateDirectory(disk);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=48m", "none", disk);
        _disk = disk;
        Dictionary<string, JsonElement> rows = Compare(disk,
        [
            "--variant", "first; SelfContained=false",
            "--variant", "large; SelfContained=true",
            "--variant", "beside; SelfContained=false; InvariantGlobalization=true",
            "--variant", "last; SelfContained=false; DebugType=none",
            "--run", "{artifact} run", "--max-cpu", "2",
        ], out string text);
        Assert.Equal("failed", Text(rows["large"], "status"));
        Assert.Equal($"the disk is full: no space left in {disk}; TMPDIR names another folder", Text(rows["large"], "reason"));
        foreach (string name in (string[])["first", "beside", "last"])
        {
            IsWhole(rows[name]);
            Assert.True(rows[name].GetProperty("startupMilliseconds").GetDouble() > 0, text);
        }
        Assert.InRange(long.Parse(Tool.Run("du", "-s", "--block-size=1", disk).Split('\t')[0], CultureInfo.InvariantCulture), 0, 1 << 20);
    }

    private Dictionary<string, JsonElement> Compare(string temporary, string[] arguments, out string text)
    {
        string output = Path.Combine(_root, "out");
        (int code, text, string error) = Tool.Try("env", [$"XDG_DATA_HOME={Path.Combine(_root, "data")}", $"TMPDIR={temporary}", "dotnet", Cli.Path, "compare", Path.Combine(_root, "App"), "--set", "user", "--no-brotli", "--output", output, .. arguments]);
        Assert.True(code == 0, error + text);
        Assert.All(text.Split('\n'), l => Assert.True(l.Length <= 79, l));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(output, "compare.json")));
        return document.RootElement.Clone().GetProperty("variants").EnumerateArray().ToDictionary(v => Text(v, "name"));
    }

    private static void IsWhole(JsonElement row)
    {
        Assert.Equal(("ok", JsonValueKind.Null), (Text(row, "status"), row.GetProperty("reason").ValueKind));
        foreach (string size in (string[])["shippedSize", "binarySize", "netSize", "gzipSize"]) Assert.True(row.GetProperty(size).GetInt64() > 10_000, row.ToString());
    }

    private List<string> Marked()
    {
        var found = new List<string>();
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            try
            {
                string command = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, "cmdline"))).Replace('\0', ' ');
                if (command.Contains(_marker, StringComparison.Ordinal)) found.Add($"{Path.GetFileName(process)}: {command}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }
        return found;
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
