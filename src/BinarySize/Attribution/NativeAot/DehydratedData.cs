using System.Runtime.InteropServices;
using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>What a run of the stream makes in memory. Addresses are virtual, stream positions are bytes into the blob.</summary>
/// <param name="Target">Address of the first byte that it makes.</param>
/// <param name="Length">Bytes that it makes.</param>
/// <param name="Start">Position of the command.</param>
/// <param name="Payload">Position of what follows the command and its count.</param>
/// <param name="End">Position after it.</param>
/// <param name="Fixup">Index in the table of addresses; -1 where the command does not use it.</param>
/// <param name="Command">The command's number.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct DehydratedRun(ulong Target, long Length, int Start, int Payload, int End, int Fixup, byte Command);

/// <summary>
/// The stream from which a NativeAOT program makes its relocated data when it starts: a relative pointer to where the data
/// goes, then commands (low three bits what, the others how many; more than 28 means that up to four bytes with the rest
/// of the number follow), then a table of relative pointers that commands share.
/// </summary>
internal static class DehydratedData
{
    public const byte Copy = 0, ZeroFill = 1, RelativePointer = 2, Pointer = 3, InlineRelativePointers = 4, InlinePointers = 5;

    private const int MaxShort = 28;

    /// <summary>
    /// Decodes the blob at <paramref name="address"/>. Stops where everything up to <paramref name="end"/> is made.
    /// </summary>
    /// <param name="runs">Takes what it finds: nothing where it throws.</param>
    /// <param name="tableStart">Position of the table of addresses.</param>
    public static void Decode(ByteView blob, ulong address, ulong end, NativeChunks<DehydratedRun> runs, out int tableStart)
    {
        try
        {
            tableStart = Decode(blob, address, end, runs);
        }
        catch (BadFormatException)
        {
            runs.Clear();
            throw;
        }
    }

    private static int Decode(ByteView blob, ulong address, ulong end, NativeChunks<DehydratedRun> runs)
    {
        ulong target = address + (ulong)(long)blob.I32(0);
        int at = 4;
        while (target < end && at < blob.Length)
        {
            int start = at;
            byte b = blob.U8(at++);
            byte command = (byte)(b & 7);
            long payload = b >> 3;
            if (payload > MaxShort)
            {
                int extra = (int)payload - MaxShort;
                payload = 0;
                for (int i = 0; i < extra; i++) payload |= (long)blob.U8(at++) << (8 * i);
                payload += MaxShort;
            }
            int data = at, fixup = -1;
            long made;
            switch (command)
            {
                case Copy:
                    made = payload;
                    at = Skip(blob, at, payload);
                    break;
                case ZeroFill:
                    made = payload;
                    break;
                case RelativePointer or Pointer:
                    made = command == Pointer ? 8 : 4;
                    fixup = (int)Math.Min(payload, int.MaxValue);
                    break;
                case InlineRelativePointers or InlinePointers:
                    made = payload * (command == InlinePointers ? 8 : 4);
                    at = Skip(blob, at, payload * 4);
                    break;
                default:
                    throw new BadFormatException($"command {command} of the dehydrated data is not known");
            }
            if ((ulong)made > end - target) throw new BadFormatException("the dehydrated data make more than there is room for");
            runs.Add(new DehydratedRun(target, made, start, data, at, fixup, command));
            target += (ulong)made;
        }
        if (target != end) throw new BadFormatException("the dehydrated data end too early");
        return at;
    }

    private static int Skip(ByteView blob, int at, long count)
    {
        if (!blob.Contains(at, count)) throw new BadFormatException("the dehydrated data end in the middle of a command");
        return at + (int)count;
    }
}
