using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Reports;
using BinarySize.Tests.Rendering;

namespace BinarySize.Tests.Reports;

/// <summary>Reports of real and of odd files against the published schema, against the disk, and against what they were written from.</summary>
public sealed class ReportSchemaTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("file")]
    [InlineData("file,section,symbol")]
    [InlineData("package,assembly,namespace,type,member")]
    [InlineData("kind,file")]
    [InlineData("")]
    public void A_folder_of_the_SDK(string levels)
    {
        string sdk = Tool.Run("dotnet", "--list-sdks").Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        string folder = Path.Combine(sdk[(sdk.IndexOf('[', StringComparison.Ordinal) + 1)..^1], sdk[..sdk.IndexOf(' ', StringComparison.Ordinal)], "Sdks", "Microsoft.NET.Sdk");
        JsonElement json = Check(folder, levels, withOwners: false);
        Assert.Empty(json.GetProperty("artifacts")[0].GetProperty("warnings").EnumerateArray());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("file,section")]
    [InlineData("section,symbol")]
    [InlineData("kind")]
    public void Odd_files(string levels)
    {
        MakeOddFiles();
        JsonElement json = Check(_folder, levels, withOwners: true);
        string[] links = [.. json.GetProperty("artifacts")[0].GetProperty("warnings").EnumerateArray().Where(w => w.GetProperty("code").GetString() == MapWarningCodes.Link).Select(w => w.GetProperty("message").GetString()!)];
        Assert.Equal(2, links.Length);
        Assert.Contains(links, l => l.StartsWith("'to-nowhere'", StringComparison.Ordinal));
        Assert.Contains(links, l => l.StartsWith("'to-itself'", StringComparison.Ordinal));
    }

    [Fact]
    public void One_file()
    {
        FoundFile found = FolderWalker.Find("/bin/ls", "ls")!;
        using MeasuredArtifact artifact = Measurer.Measure("ls", ArtifactKind.File, [found], [], new MeasureOptions());
        JsonElement json = CheckDocument(MakeReport(artifact, [Level.Section, Level.Symbol]));
        Assert.Equal(long.Parse(Tool.Run("stat", "-L", "-c", "%s", "/bin/ls"), System.Globalization.CultureInfo.InvariantCulture), json.GetProperty("artifacts")[0].GetProperty("tree").GetProperty("size").GetInt64());
    }

    [Fact]
    public void Reports_made_by_hand()
    {
        CheckDocument(SampleReport.Make());
        CheckDocument(SampleReport.Extreme());
        CheckDocument(new Report([], [], new ReportToolchain()));
        byte[] attacks = ReportJson.Write(Attacks.Report());
        CheckDocument(Attacks.Report());
        Assert.All(attacks, b => Assert.True(b is (byte)'\n' or >= (byte)' ' and <= (byte)'~' && b != (byte)'#'));
    }

    [Fact]
    public void The_schema_refuses_what_is_not_a_report()
    {
        (string Name, Action<JsonNode> Change)[] changes =
        [
            ("another version", r => r["schema"] = 2),
            ("a member too many", r => r["extra"] = 1),
            ("a member too few", r => r.AsObject().Remove("budgets")),
            ("a negative size", r => r["artifacts"]![0]!["tree"]!["size"] = -1),
            ("a fraction", r => r["artifacts"]![0]!["size"] = 1.5),
            ("a size as text", r => r["artifacts"]![0]!["tree"]!["children"]![0]!["size"] = "1"),
            ("an unknown kind of node", r => r["artifacts"]![0]!["tree"]!["children"]![0]!["kind"] = "thing"),
            ("an unknown kind of artifact", r => r["artifacts"]![0]!["kind"] = "disk"),
            ("a node with more", r => r["artifacts"]![0]!["tree"]!["children"]![0]!["x"] = 1),
            ("a path with a backslash", r => r["artifacts"]![0]!["path"] = "a\\b"),
            ("another verdict", r => r["budgets"]![0]!["verdict"] = "good"),
            ("a warning of another kind", r => r["artifacts"]![0]!["warnings"]![0]!["code"] = "CS0001"),
            ("an empty project", r => r["toolchain"]!["project"] = ""),
            ("a limit of text", r => r["budgets"]![0]!["max"] = "5 MiB"),
        ];
        byte[] valid = ReportJson.Write(SampleReport.Make());
        var documents = new List<byte[]> { valid };
        foreach ((string _, Action<JsonNode> change) in changes)
        {
            JsonNode report = JsonNode.Parse(valid)!;
            change(report);
            documents.Add(Encoding.UTF8.GetBytes(report.ToJsonString()));
        }
        string[] verdicts = Validate(documents);
        Assert.Equal("ok", verdicts[0]);
        Assert.Empty(changes.Where((_, i) => verdicts[i + 1] == "ok").Select(c => c.Name));
    }

    [Fact]
    public void The_schema_says_what_everything_is()
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Samples.Root, "docs", "schema", "report-1.json")))!;
        Assert.Equal($"https://raw.githubusercontent.com/binarysize/BinarySize.Build/main/docs/schema/report-{Report.Schema}.json", schema["$id"]!.GetValue<string>());
        foreach (JsonObject described in Objects(schema).Where(o => o["properties"] is JsonObject))
        {
            Assert.Equal("false", described["additionalProperties"]!.ToJsonString());
            foreach ((string name, JsonNode? property) in described["properties"]!.AsObject())
            {
                Assert.True(property!["description"] is not null || property["$ref"] is { } r && schema["$defs"]![r.GetValue<string>().Split('/')[^1]]!["description"] is not null, name);
            }
        }

        static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
        {
            JsonObject o => o.Select(p => p.Value).SelectMany(Objects).Prepend(o),
            JsonArray a => a.SelectMany(Objects),
            _ => [],
        };
    }

    // Everything that lies in a folder and is not what one would expect there.
    private void MakeOddFiles()
    {
        void Write(string name, ReadOnlySpan<byte> bytes)
        {
            string path = Path.Combine(_folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }

        byte[] ls = File.ReadAllBytes("/bin/ls"), dll = File.ReadAllBytes(typeof(ReportSchemaTests).Assembly.Location), noise = new byte[10_000];
        new Random(7).NextBytes(noise);
        Write("empty", []);
        Write("one", [0]);
        Write("noise.bin", noise);
        Write("zero.bin", new byte[5000]);
        Write("cut-elf", ls.AsSpan(0, ls.Length / 3));
        Write("cut.dll", dll.AsSpan(0, dll.Length / 2));
        Write("head-only.dll", dll.AsSpan(0, 100));
        Write("elf-then-noise", [.. ls, .. noise]);
        Write("MZ.exe", "MZ"u8);
        Write("elf", "\u007fELF"u8);
        Write("fake.zip", [.. "PK\u0003\u0004"u8, .. noise]);
        Write("deep/" + string.Join('/', Enumerable.Range(0, 60)) + "/file", "x"u8);
        Write("a\r\nb ::error::", "x"u8);
        Write("##vso[task.complete]`|<b>\u202e", "x"u8);
        Write("名前 ü.txt", "x"u8);
        Write(new string('n', 255), "x"u8);
        File.CreateSymbolicLink(Path.Combine(_folder, "to-nowhere"), "nothing/here");
        File.CreateSymbolicLink(Path.Combine(_folder, "to-itself"), "to-itself");
        File.CreateSymbolicLink(Path.Combine(_folder, "to-file"), "noise.bin");
        File.CreateSymbolicLink(Path.Combine(_folder, "outside"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "circle"), ".");
        Tool.Run("ln", Path.Combine(_folder, "noise.bin"), Path.Combine(_folder, "noise-again.bin"));
        Tool.Run("mkfifo", Path.Combine(_folder, "pipe"));
        Tool.Run("truncate", "-s", "3M", Path.Combine(_folder, "sparse"));
    }

    private static JsonElement Check(string folder, string levelNames, bool withOwners)
    {
        List<Level> levels = [.. levelNames.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => Levels.TryParse(l, out Level level) ? level : throw new ArgumentException(l))];
        var warnings = new List<MapWarning>();
        List<FoundFile> files = FolderWalker.Walk(folder, warnings);
        var options = new MeasureOptions { PackageOf = path => withOwners && path.Contains('o', StringComparison.Ordinal) ? new PackageIdentity("Some.Package", "1.2.3") : null };
        using MeasuredArtifact artifact = Measurer.Measure("out/folder", ArtifactKind.Folder, files, warnings, options);
        JsonElement json = CheckDocument(MakeReport(artifact, levels));
        // du is asked for files only: what a folder itself takes is not what ships.
        string du = Tool.Run("sh", "-c", "find \"$0\" ! -type d -print0 | du -b -l -c --files0-from=- | tail -n 1", folder);
        Assert.Equal(long.Parse(du[..du.IndexOf('\t', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture), json.GetProperty("artifacts")[0].GetProperty("tree").GetProperty("size").GetInt64());
        Assert.Equal(Tool.Run("find", folder, "!", "-type", "d", "-printf", "x").Length, json.GetProperty("artifacts")[0].GetProperty("files").GetInt32());
        return json;
    }

    private static Report MakeReport(MeasuredArtifact artifact, List<Level> levels)
    {
        ReportNode tree = TreeBuilder.Build(artifact, levels);
        return new Report([new ReportArtifact(artifact.Path, artifact.Kind, artifact.Size, artifact.Files.Count, tree, artifact.Warnings)], [], new ReportToolchain("MyApp", "Publish", "net10.0", "linux-x64", "Release"));
    }

    private static JsonElement CheckDocument(Report report)
    {
        byte[] written = ReportJson.Write(report);
        Assert.Equal(written, ReportJson.Write(report));
        using JsonDocument document = JsonDocument.Parse(written, new JsonDocumentOptions { MaxDepth = 1000 });
        JsonElement json = document.RootElement.Clone();
        Assert.Equal(["ok"], Validate([written]));
        Assert.Equal(report.Artifacts.Count, json.GetProperty("artifacts").GetArrayLength());
        for (int i = 0; i < report.Artifacts.Count; i++)
        {
            JsonElement artifact = json.GetProperty("artifacts")[i];
            Assert.Equal(report.Artifacts[i].Size, artifact.GetProperty("size").GetInt64());
            Assert.Equal(report.Artifacts[i].Size, artifact.GetProperty("tree").GetProperty("size").GetInt64());
            CheckNode(report.Artifacts[i].Tree, artifact.GetProperty("tree"));
        }
        return json;
    }

    private static void CheckNode(ReportNode node, JsonElement json)
    {
        Assert.Equal(WellFormed(node.Name), json.GetProperty("name").GetString());
        Assert.Equal((node.Kind, node.Size, node.Children.Count), (json.GetProperty("kind").GetString(), json.GetProperty("size").GetInt64(), json.GetProperty("children").GetArrayLength()));
        Assert.Equal(ReportJson.NameOf(node.Basis), json.GetProperty("basis").GetString());
        Assert.Equal(node.UnpackedSize, json.TryGetProperty("unpacked", out JsonElement unpacked) ? unpacked.GetInt64() : -1);
        Assert.Equal(node.Package is null ? null : WellFormed(node.Package), json.TryGetProperty("package", out JsonElement package) ? package.GetString() : null);
        if (node.Children.Count == 0) return;
        long sum = 0;
        int i = 0;
        foreach (JsonElement child in json.GetProperty("children").EnumerateArray())
        {
            sum += child.GetProperty("size").GetInt64();
            CheckNode(node.Children[i++], child);
        }
        Assert.Equal(node.Size, sum);
    }

    // JSON is UTF-8, which has no lone surrogates.
    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string[] Validate(IReadOnlyList<byte[]> documents) => JsonSchema.Validate("report-1.json", documents);
}
