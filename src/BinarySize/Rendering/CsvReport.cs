using System.Globalization;
using System.Text;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>
/// A report as CSV (RFC 4180, CRLF, UTF-8, one line a record): one line a node of each tree, parents before children. The
/// column "self" holds the bytes of leaves alone, so that summing it over an artifact gives its size.
/// </summary>
public static class CsvReport
{
    /// <summary>The first line. "parent" is the names of what a node is in, joined with '/'; sizes are bytes.</summary>
    public const string Header = "artifact,depth,parent,kind,name,size,self,basis,unpacked,package";

    /// <summary>The report as CSV.</summary>
    public static string Render(Report report)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\r\n" };
        Write(report, text);
        return text.ToString();
    }

    /// <summary>Writes the report as CSV.</summary>
    public static void Write(Report report, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(output);
        output.Write(Header + "\r\n");
        var open = new Stack<(ReportNode Node, int Depth, string Parent)>();
        foreach (ReportArtifact artifact in report.Artifacts)
        {
            string path = Escape.Csv(artifact.Path);
            open.Push((artifact.Tree, 0, ""));
            while (open.TryPop(out (ReportNode Node, int Depth, string Parent) next))
            {
                ReportNode node = next.Node;
                IReadOnlyList<ReportNode> children = node.Children;
                output.Write(string.Create(CultureInfo.InvariantCulture,
                    $"{path},{next.Depth},{Escape.Csv(next.Parent)},{Escape.Csv(node.Kind)},{Escape.Csv(node.Name)},{node.Size},{(children.Count == 0 ? node.Size : 0)},{ReportJson.NameOf(node.Basis)},"));
                if (node.UnpackedSize >= 0) output.Write(node.UnpackedSize);
                output.Write(',');
                if (node.Package is not null) output.Write(Escape.Csv(node.Package));
                output.Write("\r\n");
                if (children.Count == 0) continue;
                // A path of many long names would be written again for each of what is in it.
                string inner = next.Depth == 0 ? "" : Escape.Shorten(next.Depth == 1 ? node.Name : $"{next.Parent}/{node.Name}", Escape.MaxLineLength);
                for (int i = children.Count - 1; i >= 0; i--) open.Push((children[i], next.Depth + 1, inner));
            }
        }
    }
}
