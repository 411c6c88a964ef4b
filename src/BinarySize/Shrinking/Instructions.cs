using System.Reflection.Metadata;

namespace BinarySize.Shrinking;

/// <summary>IL instructions, one after the other (ECMA-335, III.1.9).</summary>
internal static class Instructions
{
    /// <summary>The next instruction; its operand is next.</summary>
    public static ILOpCode Read(ref BlobReader il)
    {
        byte first = il.ReadByte();
        return (ILOpCode)(first == 0xFE ? 0xFE00 | il.ReadByte() : first);
    }

    /// <summary>Steps over the operand.</summary>
    public static void Skip(ref BlobReader il, ILOpCode code)
    {
        if (code == ILOpCode.Switch)
        {
            // Targets of four bytes; more than there are is a damaged body.
            uint targets = il.ReadUInt32();
            if (targets > il.RemainingBytes / 4) throw new BadImageFormatException("switch");
            il.Offset += (int)targets * 4;
            return;
        }
        int size = OperandSize(code);
        if (size > il.RemainingBytes) throw new BadImageFormatException("operand");
        il.Offset += size;
    }

    private static int OperandSize(ILOpCode code) => code switch
    {
        ILOpCode.Ldarg_s or ILOpCode.Ldarga_s or ILOpCode.Starg_s or ILOpCode.Ldloc_s or ILOpCode.Ldloca_s or ILOpCode.Stloc_s
            or ILOpCode.Ldc_i4_s or (>= ILOpCode.Br_s and <= ILOpCode.Blt_un_s) or ILOpCode.Leave_s or ILOpCode.Unaligned => 1,
        ILOpCode.Ldarg or ILOpCode.Ldarga or ILOpCode.Starg or ILOpCode.Ldloc or ILOpCode.Ldloca or ILOpCode.Stloc => 2,
        ILOpCode.Ldc_i8 or ILOpCode.Ldc_r8 => 8,
        ILOpCode.Ldc_i4 or ILOpCode.Ldc_r4 or (>= ILOpCode.Br and <= ILOpCode.Blt_un) or ILOpCode.Leave => 4,
        // Everything with a token.
        ILOpCode.Jmp or ILOpCode.Call or ILOpCode.Calli or ILOpCode.Callvirt or ILOpCode.Cpobj or ILOpCode.Ldobj or ILOpCode.Ldstr or ILOpCode.Newobj
            or ILOpCode.Castclass or ILOpCode.Isinst or ILOpCode.Unbox or ILOpCode.Ldfld or ILOpCode.Ldflda or ILOpCode.Stfld or ILOpCode.Ldsfld
            or ILOpCode.Ldsflda or ILOpCode.Stsfld or ILOpCode.Stobj or ILOpCode.Box or ILOpCode.Newarr or ILOpCode.Ldelema or ILOpCode.Ldelem
            or ILOpCode.Stelem or ILOpCode.Unbox_any or ILOpCode.Refanyval or ILOpCode.Mkrefany or ILOpCode.Ldtoken or ILOpCode.Ldftn
            or ILOpCode.Ldvirtftn or ILOpCode.Initobj or ILOpCode.Constrained or ILOpCode.Sizeof => 4,
        // "no." has one byte and no name here.
        (ILOpCode)0xFE19 => 1,
        _ => 0,
    };
}
