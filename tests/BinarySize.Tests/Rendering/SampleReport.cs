using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Reports;

namespace BinarySize.Tests.Rendering;

/// <summary>Reports made by hand, for renderings that are compared byte by byte.</summary>
internal static class SampleReport
{
    /// <summary>A publish folder with a bundle in it, budgets of every outcome, and warnings.</summary>
    public static Report Make()
    {
        var root = new ReportNode("bin/publish", "artifact");
        var app = new ReportNode("MyApp", "file") { UnpackedSize = 9_000_000 };
        foreach ((string name, long size, string? package) in ((string, long, string?)[])
            [("System.Private.CoreLib.dll", 1_900_000, "runtime.linux-x64 10.0.1"), ("MyApp.dll", 51_000, null), ("Dapper.dll", 212_000, "Dapper 2.1.66"),
             ("System.Linq.Expressions.dll", 480_000, "runtime.linux-x64 10.0.1"), ("[header]", 4096, null), ("Microsoft.Extensions.DependencyInjection.Abstractions.VeryLongNameIndeed.dll", 90_000, "Microsoft.Extensions.DependencyInjection.Abstractions 10.0.1")])
        {
            var file = new ReportNode(name, "file") { Package = package };
            if (size < 300_000)
            {
                file.Direct = size;
            }
            else
            {
                file.AddChild(new ReportNode(".text", "section") { Direct = size - 50_000 });
                file.AddChild(new ReportNode(".rsrc", "section") { Direct = 40_000, Basis = Basis.Estimated });
                file.AddChild(new ReportNode("padding", "padding") { Direct = 10_000 });
            }
            app.AddChild(file);
        }
        root.AddChild(app);
        root.AddChild(new ReportNode("libe_sqlite3.so", "file") { Direct = 1_730_560, Package = "SQLitePCLRaw.lib.e_sqlite3 2.1.11" });
        root.AddChild(new ReportNode("appsettings.json", "file") { Direct = 151 });
        for (int i = 0; i < 40; i++) root.AddChild(new ReportNode($"{i:00}/MyApp.resources.dll", "file") { Direct = 4608 + i });
        root.AddChild(new ReportNode("empty.txt", "file"));
        root.Seal();
        List<ReportBudget> budgets =
        [
            new("app", "artifact", null, "raw", root.Size, 4_194_304, 4_000_000, "over", "core team", [new("bin/publish", root.Size)], 1),
            new("pkg:Dapper", "package", "Dapper", "raw", 217_088, 262_144, 212_000, "near", null, [new("Dapper", 217_088)], 1),
            new("files", "artifact", null, "count", 44, 100, null, "ok", null, [], 1),
            new("wire", "file", "*.so", "brotli", 530_000, null, 600_000, "ok", null, [], 1),
            new("no-newtonsoft", "assembly", "Newtonsoft.*", "raw", 0, null, null, "ok", null, [], 0),
            new("typo", "package", "Daper", "raw", 0, 1000, null, "unknown", null, [], 0),
        ];
        List<MapWarning> warnings = [new(MapWarningCodes.Damaged, "'MyApp': a symbol table at offset 4096 is damaged"), new(MapWarningCodes.Link, "'x' is a link that leads nowhere ('y|z'); only the link itself is counted")];
        return new Report([new ReportArtifact(root.Name, ArtifactKind.Folder, root.Size, 44, root, warnings)], budgets,
            new ReportToolchain("src/MyApp/MyApp.csproj", "Publish", "net10.0", "linux-x64", "Release", "10.0.100", "0.1.0"));
    }

    /// <summary>Numbers and depths as large as they come.</summary>
    public static Report Extreme()
    {
        var root = new ReportNode(new string('/', 500), "artifact");
        ReportNode node = root;
        for (int i = 0; i < 60; i++)
        {
            var child = new ReportNode(new string((char)('a' + (i % 26)), 200), "folder") { Package = new string('p', 300) };
            node.AddChild(child);
            node = child;
        }
        node.Direct = long.MaxValue;
        root.Seal();
        return new Report([new ReportArtifact(root.Name, ArtifactKind.Image, root.Size, int.MaxValue, root, [])],
            [new(new string('b', 300), "type", null, "raw", long.MaxValue, long.MaxValue, null, "over", null, [], 0), new("n", "type", null, "count", long.MaxValue, 0, 0, "near", null, [], 0)],
            new ReportToolchain(new string('p', 300), new string('s', 300), new string('t', 300), new string('r', 300), new string('c', 300)));
    }
}
